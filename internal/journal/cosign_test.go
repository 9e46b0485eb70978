package journal

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/fault"
)

func leaves(n int64) []Hash {
	all := make([]Hash, n)
	for i := range all {
		all[i] = sha256.Sum256(fmt.Appendf(nil, "leaf %d", i))
	}
	return all
}

func rootOf(leaves []Hash) Hash {
	var t Tree
	for _, h := range leaves {
		t.Append(h)
	}
	return t.Root()
}

// TestGrowth proves every pair of sizes up to 40, and that none of these proofs holds for another tree or another pair.
func TestGrowth(t *testing.T) {
	const most = 40
	all := leaves(most)
	other := append([]Hash(nil), all...)
	other[2][0] ^= 1
	for size := int64(1); size <= most; size++ {
		for old := int64(1); old <= size; old++ {
			p, err := ProveGrowth(old, size, func(f func(Hash) error) error {
				for _, h := range all[:size] {
					if err := f(h); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !p.Grows(old, rootOf(all[:old]), size, rootOf(all[:size])) {
				t.Fatalf("from %d to %d: the proof does not hold", old, size)
			}
			if old > 2 && p.Grows(old, rootOf(other[:old]), size, rootOf(all[:size])) {
				t.Errorf("from %d to %d: it holds for a log that was another one", old, size)
			}
			if size > 2 && old < size && p.Grows(old, rootOf(all[:old]), size, rootOf(other[:size])) {
				t.Errorf("from %d to %d: it holds for a log that became another one", old, size)
			}
			if old > 1 && p.Grows(old-1, rootOf(all[:old]), size, rootOf(all[:size])) {
				t.Errorf("from %d to %d: it holds for another size", old, size)
			}
		}
	}
	for _, wrong := range [][2]int64{{0, 3}, {4, 3}, {-1, 3}} {
		if _, err := ProveGrowth(wrong[0], wrong[1], nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	if _, err := ProveGrowth(2, 3, func(func(Hash) error) error { return nil }); !fault.Is(err, fault.Internal) {
		t.Errorf("a log that is too short: %v", err)
	}
}

// TestCoSign: a checkpoint is co-signed by two witnesses; each is recognised, and nothing else is.
func TestCoSign(t *testing.T) {
	logSigner, log, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := Sign(logSigner, Checkpoint{Size: 7, Root: rootOf(leaves(7))})
	if err != nil {
		t.Fatal(err)
	}
	var witnesses [3]string
	for i := range 2 {
		signer, verifier, err := GenerateWitness()
		if err != nil {
			t.Fatal(err)
		}
		witnesses[i] = verifier
		if name, err := WitnessName(verifier); err != nil || !strings.HasPrefix(name, witnessOrigin) {
			t.Fatal(name, err)
		}
		// Twice is once.
		for range 2 {
			if signed, err = CoSign(log, signer, signed); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := strings.Count(string(signed), "— "); n != 3 {
		t.Errorf("%d signatures, want 3:\n%s", n, signed)
	}
	for _, w := range witnesses[:2] {
		if c, err := OpenCosigned(log, w, signed); err != nil || c.Size != 7 {
			t.Errorf("%+v %v", c, err)
		}
	}
	if _, witnesses[2], err = GenerateWitness(); err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]func() error{
		"a stranger": func() error { _, err := OpenCosigned(log, witnesses[2], signed); return err },
		"another size": func() error {
			_, err := OpenCosigned(log, witnesses[0], []byte(strings.Replace(string(signed), "\n7\n", "\n8\n", 1)))
			return err
		},
		"signed as the log": func() error { _, err := CoSign(log, logSigner, signed); return err },
		"a changed checkpoint": func() error {
			_, err := CoSign(log, logSigner, []byte(strings.Replace(string(signed), "\n7\n", "\n8\n", 1)))
			return err
		},
		"the log as a witness": func() error { _, err := WitnessName(log); return err },
		"no key":               func() error { _, err := WitnessName("x"); return err },
	} {
		if err := wrong(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRecordProof: the proof of every record of a log opens, and none of which anything was changed.
func TestRecordProof(t *testing.T) {
	signer, key, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	all := leaves(11)
	note, err := Sign(signer, Checkpoint{Size: 11, Root: rootOf(all)})
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 11; n++ {
		proofs, err := Prove(11, []int64{n - 1}, func(f func(Hash) error) error {
			for _, h := range all {
				if err := f(h); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		data, err := RecordProof{Key: key, Checkpoint: string(note), Record: "00/note/a/0000000001", N: n, Hash: all[n-1], Proof: proofs[0]}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if p, c, err := OpenRecordProof(data, key); err != nil || p.N != n || c.Size != 11 || !IsRecordProof(data) {
			t.Errorf("record %d: %+v %+v %v", n, p, c, err)
		}
		for what, wrong := range map[string][2]string{
			"another key": {string(data), other}, "another number": {strings.Replace(string(data), fmt.Sprintf(`"n": %d`, n), fmt.Sprintf(`"n": %d`, n%11+1), 1), key},
			"another size": {strings.Replace(string(data), `\n11\n`, `\n12\n`, 1), key}, "cut": {string(data[:len(data)/2]), key}, "more": {strings.Replace(string(data), `"n":`, `"m": 1, "n":`, 1), key},
			"another hash": {strings.Replace(string(data), fmt.Sprintf("%x", all[n-1]), fmt.Sprintf("%x", all[n%11]), 1), key},
		} {
			if _, _, err := OpenRecordProof([]byte(wrong[0]), wrong[1]); !fault.Is(err, fault.Invalid) {
				t.Errorf("record %d, %s: %v", n, what, err)
			}
		}
	}
}

// FuzzOpenCosigned: what a witness hands in passes as co-signed only if it is the text that log and witness signed; a text passes as a witness's key only under its name.
func FuzzOpenCosigned(f *testing.F) {
	logSigner, log, err := GenerateKey()
	if err != nil {
		f.Fatal(err)
	}
	signer, witness, err := GenerateWitness()
	if err != nil {
		f.Fatal(err)
	}
	signed, err := Sign(logSigner, Checkpoint{Size: 7, Root: rootOf(leaves(7))})
	if err != nil {
		f.Fatal(err)
	}
	both, err := CoSign(log, signer, signed)
	if err != nil {
		f.Fatal(err)
	}
	for _, note := range []string{"", string(signed), string(both), strings.Replace(string(both), "\n7\n", "\n07\n", 1), string(both) + "— x y\n", strings.Repeat("— a AAAAAAAA\n", 101)} {
		f.Add(note, witness)
	}
	f.Add(string(both), log)
	f.Fuzz(func(t *testing.T, note, key string) {
		name, err := WitnessName(key)
		if err == nil && !strings.HasPrefix(name, witnessOrigin) || err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(name, err)
		}
		c, err := OpenCosigned(log, key, []byte(note))
		if err != nil && (!fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "") {
			t.Fatal(err)
		}
		if text, _, _ := strings.Cut(string(both), "\n\n"); err == nil && (c.Size != 7 || c.Root != rootOf(leaves(7)) || !strings.HasPrefix(note, text+"\n\n")) {
			t.Fatalf("co-signed: %q", note)
		}
	})
}
