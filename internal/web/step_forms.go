package web

import (
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/registry/casework"
)

// stepForm is one step that the actor can do now; several of them stand on a page, so the names of its fields begin with the step.
type stepForm struct {
	Address, Key, Title, Hint, Button string
	Form                              []field
	Grave                             bool
	// Name is the step in addresses.
	Name string
	// PhotoLabel is the label of the photos that come with it, "" for a form without; PhotoError what is wrong with them.
	PhotoLabel, PhotoError string
}

// placed gives a form its address below a page, the values that were sent for it, and what was refused.
func (f stepForm) placed(c *fiber.Ctx, page string, refused []fault.Field) stepForm {
	return f.filled(sentStep(c), func(name string) string { return c.FormValue(name) }, page, refused)
}

// filled is placed with the values of a form that was sent for a step.
func (f stepForm) filled(sent string, value func(name string) string, page string, refused []fault.Field) stepForm {
	f.Address, f.Key = page+"/"+f.Name, newKey()+f.Name
	for i := range f.Form {
		f.Form[i].Name = f.Name + "-" + f.Form[i].Name
		if f.Name == sent {
			f.Form[i].Value = value(f.Form[i].Name)
		}
	}
	f.Form = withErrors(f.Form, refused)
	for _, bad := range refused {
		if bad.Name == f.Name+"-photos" {
			f.PhotoError = bad.Message
		}
	}
	return f
}

// stepFormsAt gives the forms of a page their addresses.
func stepFormsAt(c *fiber.Ctx, page string, forms []stepForm, refused []fault.Field) []stepForm {
	for i := range forms {
		forms[i] = forms[i].placed(c, page, refused)
	}
	return forms
}

// sentStep is the step that a form was sent for: the last part of its address.
func sentStep(c *fiber.Ctx) string { return path.Base(c.Path()) }

// stepFields gives refused fields the names that they have on a page with several forms; a conflict that says why stands at the field conflictAt.
func stepFields(name, conflictAt string, err error) []fault.Field {
	refused := refusedForm(err)
	if conflictAt != "" && fault.Is(err, fault.Conflict) {
		refused = []fault.Field{{Name: conflictAt, Message: fault.MessageOf(err)}}
	}
	return ofStep(refused, name+"-")
}

// ofStep gives refused fields the prefix that they have on a page with several forms.
func ofStep(refused []fault.Field, prefix string) []fault.Field {
	for i := range refused {
		refused[i].Name = prefix + strings.TrimPrefix(refused[i].Name, prefix)
	}
	return namedOnce(refused)
}

// formAt is what a form of a page is about: the document of the address as the page showed it.
func formAt(c *fiber.Ctx) casework.At {
	return casework.At{ID: c.Params("id"), Seq: formSeq(c), Idem: formIdem(c)}
}

// taken is a history as a timeline: who names an account, nil to name nobody; said gives the step that was done, and why, "" for no reason.
func taken[T any](history []store.Change[T], who func(account string) string, said func(*T) (done, why string)) []step {
	var out []step
	for _, h := range history {
		done, why := said(&h.State)
		name := ""
		if who != nil {
			name = who(h.Meta.By)
		}
		out = append(out, step{"done", done, joinWords(dateTime(h.At), name, why)})
	}
	return out
}
