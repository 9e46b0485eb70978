// Package backup copies a bureau into a folder while it works, and puts such a copy into empty data again, on either engine.
//
//  1. A backup holds the log up to a number, the files that it names, and the named values (keys of subjects, secrets, checkpoints). The state documents are
//     not in it: the journal makes them. Nor is what has no journal: sessions, leases, drafts. Nor is the master key, without which nobody reads personal data.
//  2. A folder takes the backups of one bureau. What a log says never changes, so that segments of the log and files are written once and shared by all backups.
//  3. A backup exists when its manifest does, which is written last and signed with the key of the log. What a crash leaves besides is overwritten by the next one.
//  4. A log whose beginning differs from what was backed up before is refused: somebody changed a record, and the old backup is the witness.
//  5. A person who was purged later stays purged when an older backup of the same folder is restored.
package backup
