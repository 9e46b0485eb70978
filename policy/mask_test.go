package policy

import "testing"

func TestMasks(t *testing.T) {
	for got, want := range map[string]string{
		MaskName("张小敏"): "张*敏", MaskName("刘华"): "刘*", MaskName("王"): "*", MaskName("欧阳小敏"): "欧**敏", MaskName("张小敏（演示）"): "张*敏（演示）",
		MaskPhone("13812345678"): "138****5678", MaskPhone("0792-5223344"): "079*****3344", MaskPhone("12345"): "*****",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if MaskName("") != "" || MaskPhone("") != "" {
		t.Error("nothing is masked as something")
	}
}
