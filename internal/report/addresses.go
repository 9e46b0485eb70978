package report

import "redsteward/registry"

// AddressLine is one row of a workbook of message addresses.
type AddressLine struct {
	// Login names the account; Name, if given, must be that of its person.
	Login, Name string
	// Phone, Mail and Network are the addresses, "" to leave what is there.
	Phone, Mail, Network string
}

// Addresses is the sheet of message addresses, out and in. kinds are those that the channels need: phone, mail, network with their Chinese names.
func Addresses(kinds []registry.Choice) Table[AddressLine] {
	t := Table[AddressLine]{Sheet: "消息地址", Columns: []Column[AddressLine]{
		Text("login", "用户名", func(l *AddressLine) *string { return &l.Login }).Must().Wide(20),
		Text("name", "姓名", func(l *AddressLine) *string { return &l.Name }).Says("可以不填；填了的要和账号的姓名一样，防止填错行"),
	}}
	for _, kind := range kinds {
		t.Columns = append(t.Columns, Text(kind.ID, kind.Text, func(l *AddressLine) *string {
			switch kind.ID {
			case "mail":
				return &l.Mail
			case "network":
				return &l.Network
			}
			return &l.Phone
		}).Wide(28).Says("不填的不改"))
	}
	return t
}
