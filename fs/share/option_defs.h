/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's options of a share that are numbers. Options that only one protocol uses are in its
 * option_defs.h. See net/setting.h for the columns. The includer defines OPTION().
 */

OPTION(BOOL, "read-only", read_only, 0, 0, 1, "",
	"Clients can change nothing, whatever the rules allow.")
OPTION(ENUM, "squash", squash, 0, 0, 4,
	"root-to-guest|none|root-to-admin|all-to-admin|all-to-guest",
	"The identity that a request acts with. "
	"root-to-guest: uid 0 becomes the anonymous user. "
	"none: as the client says; uid 0 has no privileges over the files of others. "
	"root-to-admin: as the client says; uid 0 keeps its privileges. "
	"all-to-admin: every user acts as uid 0 with its privileges. "
	"all-to-guest: every user acts as the anonymous user.")
OPTION(FLAGS, "sec", sec, 2, 1, 31, "none|sys|krb5|krb5i|krb5p",
	"Accepted security flavours of remote procedure calls.")
OPTION(BOOL, "manage-gids", manage_gids, 0, 0, 1, "",
	"Take the supplementary groups of a user from the server's name service instead of the "
	"request, which holds at most 16; needs dittod.")
OPTION(BOOL, "local-locks", local_locks, 1, 0, 1, "",
	"Locks of clients and of local processes on the server exclude each other, in both "
	"directions. If not, clients still exclude each other, and locking costs less.")
OPTION(BOOL, "guest", guest, 0, 0, 1, "",
	"Users without an account, and users that give no name, may use the share over protocols "
	"with logins, as its anonymous user.")
OPTION(BOOL, "browse", browse, 1, 0, 1, "",
	"Show the share in lists of shares. A hidden share can still be used.")
OPTION(BOOL, "streams", streams, 1, 0, 1, "",
	"Files may have named streams.")
OPTION(BOOL, "short-names", short_names, 0, 0, 1, "",
	"Files with long names also have 8.3 names, over protocols that know them, for programs "
	"that need them.")
OPTION(BOOL, "utf8-names", utf8_names, 0, 0, 1, "",
	"New files get only names that are valid UTF-8, whatever protocol and client. Existing "
	"files with other names can be used, renamed and removed in any case.")
OPTION(BOOL, "list-snapshots", list_snapshots, 0, 0, 1, "",
	"Show the directory that the option snapshots names in listings. If not, only those find it "
	"who know its name, and programs that walk the share do not walk through the past.")
OPTION(ENUM, "nested", nested, 0, 0, 2, "off|look|on",
	"File systems that are mounted below the root of the share; needs dittod. "
	"off: they are not part of it, and the directories that they cover are served. "
	"look: they are part of it, and clients can change nothing in them. "
	"on: they are part of it.")
OPTION(BOOL, "secure-ports", secure_ports, 1, 0, 1, "",
	"Accept AUTH_SYS, with which any program can claim to be any user, only from source ports "
	"below 1024, which the client's kernel gives to root only. "
	"Clients behind address translation, or mounted with noresvport, need it off, or Kerberos "
	"with a key tab, which is accepted from every port.")
OPTION(ENUM, "acl-mode", acl_mode, 0, 0, 3, "groupmask|discard|passthrough|restricted",
	"The effect of a mode that a client sets on the access control list of a file. "
	"groupmask: the list is changed to fit, and named users and groups have no more than the "
	"group. "
	"passthrough: the list is changed to fit, but named users and groups keep their rights. "
	"restricted: refused, unless the list says no more than a mode. "
	"discard: the list is removed. "
	"With passthrough and restricted, new files get inherited lists unchanged, whatever mode "
	"a client names for them.")
OPTION(ENUM, "samba-acl", samba_acl, 0, 0, 2, "off|checked|always",
	"Obey the access control lists that Samba has stored in security.NTACL, where a file has "
	"no list of this server. "
	"checked: if owner, group, mode and POSIX ACLs are still those for which the list was "
	"stored, as Samba does by default; otherwise the mode and the POSIX ACL count. "
	"always: whatever they are, as Samba does with \"ignore system acls\". "
	"Samba's attribute is never written; a list that is set takes its place.")
OPTION(BOOL, "audit", audit, 0, 0, 1, "",
	"Record opens and deletions, granted or denied, in the audit log, as the audit entries of "
	"each file say; needs dittod.")
OPTION(BOOL, "security-labels", security_labels, 0, 0, 1, "",
	"Clients may see and set the security labels of files, over protocols that know them, if the "
	"server's security module has labels, as SELinux with a policy does. Clients and server must "
	"have the same policy.")
OPTION(BOOL, "offload", offload, 0, 0, 1, "",
	"The data of files may be moved to a store; it is brought back when it is used. "
	"Without it no further data is moved; data that was moved is still brought back.")
OPTION(ENUM, "scan", scan, 0, 0, 2, "off|required|advised",
	"Content that changed is not read before the program that scan-command names in [server] has "
	"looked at it; what it refuses nobody reads. Needs dittod. "
	"required: without an answer of the program in time, the content is refused. "
	"advised: without an answer, it is read.")
OPTION(NUMBER, "scan-time", scan_time, 30, 1, 3600, "seconds",
	"How long the program may take for a file.")
OPTION(NUMBER, "scan-size", scan_size, 0, 0, 1073741824, "MiB",
	"The program is not asked about larger files, which are read. 0 for any size.")
OPTION(BOOL, "trash", trash, 0, 0, 1, "",
	"Files with data that clients remove go to a bin in the root of the share, which no protocol "
	"shows; \"dittoctl trash\" lists, restores and removes them. "
	"It is refused where the file system cannot keep a bin.")
OPTION(NUMBER, "trash-keep", trash_keep, 30, 0, 36500, "days",
	"How long removed files stay in the bin; 0 for ever. Needs the timer of [schedule].")
OPTION(NUMBER, "trash-size", trash_size, 0, 0, 1073741824, "MiB",
	"Space that the bin may take; above it those that were removed first go. 0 for any. "
	"Needs the timer of [schedule].")
OPTION(NUMBER, "worm", worm, 0, 0, 315360000, "seconds",
	"Regular files that have not changed for so long, and that nobody has open for writing, are "
	"committed: nobody can change, rename, link or remove them. 0 for never. "
	"It is refused where the file system has no immutable files, and with trash or nested. "
	"Files stay committed whatever becomes of the share.")
OPTION(NUMBER, "worm-retention", worm_retention, 30, 0, 36500, "days",
	"How long after that files can be removed, though not changed; 0 for never.")
OPTION(NUMBER, "worm-retention-max", worm_retention_max, 0, 0, 36500, "days",
	"How long from now clients can have files kept that are committed early, or kept already, by "
	"setting the time of access. 0 for worm-retention, and retention is not prolonged.")
OPTION(ENUM, "worm-mode", worm_mode, 0, 0, 1, "governance|compliance",
	"What the administrator can do about committed files. "
	"governance: \"dittoctl worm release\" makes them ordinary files again. "
	"compliance: nothing; and the options worm and worm-retention cannot be weakened as long as "
	"the share exists.")

#undef OPTION
