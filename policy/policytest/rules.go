// Package policytest gives tests the shipped rights. To ask Casbin about every role and action takes a second under the race
// detector, as long as many a test; rules are immutable, so all tests of a binary share them.
package policytest

import (
	"crypto/sha256"
	"sync"
	"testing"

	"redsteward/configs"
	"redsteward/policy"
)

// loaded keeps what each pair of files gave.
var loaded sync.Map // [2][sha256.Size]byte → func() (*policy.Rules, error)

// Load is policy.LoadRules that reads the same two files once in a process. Returns Invalid as that does.
func Load(conf, csv []byte) (*policy.Rules, error) {
	key := [2][sha256.Size]byte{sha256.Sum256(conf), sha256.Sum256(csv)}
	load, _ := loaded.LoadOrStore(key, sync.OnceValues(func() (*policy.Rules, error) { return policy.LoadRules(conf, csv) }))
	return load.(func() (*policy.Rules, error))()
}

// Rules returns the rights of configs/roles.conf and configs/roles.csv.
func Rules(t testing.TB) *policy.Rules {
	t.Helper()
	rules, err := Load(Config(t, "roles.conf"), Config(t, "roles.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// Modules returns the shipped modules.
func Modules() (*policy.Modules, error) {
	const name = "modules.yaml"
	data, err := configs.Files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return policy.ParseModules(name, data)
}

// Config returns a shipped file of configuration.
func Config(t testing.TB, name string) []byte {
	t.Helper()
	data, err := configs.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
