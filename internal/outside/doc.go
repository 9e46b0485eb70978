// Package outside is the border of the inner network: what leaves it as signed static pages for the county's website, and what comes back in sealed files.
//
//  1. A static copy holds what somebody without account sees, and nothing else; forms and what needs an account are left out or lead to the interactive instance.
//  2. Every file of a copy stands in its manifest with its SHA-256, and the manifest is signed with the key of the log; Verify names the first file that differs.
//  3. A copy appears whole or not at all: it is written beside the old one, which it then replaces.
package outside
