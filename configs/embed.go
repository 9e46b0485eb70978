// Package configs carries the files that an operator may edit, embedded as the defaults of the program.
//
//  1. Only cmd reads it and hands the bytes on, so that no other package has a default that nobody passed in.
//  2. It holds no secret: those are generated at first start or come from the environment.
//  3. Every file can be replaced by one of the same format; `redsteward check` tells whether it is right.
package configs

import "embed"

// Files holds this folder by the names that the files have here, such as "redsteward.yaml" or "calendar/holidays-2014-2026.csv".
//
//go:embed *
var Files embed.FS
