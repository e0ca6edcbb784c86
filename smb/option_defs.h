/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options of a share that only SMB uses. See net/setting.h for the columns. The includer
 * defines OPTION().
 */

OPTION(BOOL, "encrypt", encrypt, 0, 0, 1, "",
	"Refuse SMB connections that are not encrypted.")
OPTION(ENUM, "compress", compress, 1, 0, 2, "off|ask|on",
	"Compression of what SMB clients get. With ask they get compressed what they ask for. "
	"With on they are asked to compress what they write, too, and to ask for what they read. "
	"With off they get nothing compressed.")
OPTION(BOOL, "notify", notify, 1, 0, 1, "",
	"SMB clients may watch directories for changes.")
OPTION(BOOL, "continuously-available", continuous, 0, 0, 1, "",
	"Opens of SMB clients may outlive a restart of the server (persistent handles). "
	"Each such open, and each of its locks, is recorded on disk before the reply, and what is "
	"written through it is on the disk then, too.")
OPTION(BOOL, "hide-unreadable", hide_unreadable, 0, 0, 1, "",
	"Listings of SMB leave out files and directories of which the user may not read data, "
	"attributes and access control list, as Windows does with access-based enumeration. "
	"A hidden entry can still be opened by its name if its permissions allow that. "
	"Each entry of a listing costs a check of its permissions.")
OPTION(BOOL, "apple", apple, 1, 0, 1, "",
	"Clients of macOS may use Apple's extensions of SMB: metadata in listings, copies of whole "
	"files by the server, modes of files. The streams AFP_AfpInfo and AFP_Resource are as on "
	"a server of Apple for all clients of SMB.")
OPTION(BOOL, "time-machine", time_machine, 0, 0, 1, "",
	"Show the share to macOS as a disk for backups by Time Machine, where the server is "
	"announced (ditto-announce.path). The share works the same without it.")
OPTION(MODE, "create-mask", create_mask, 0744, 0, 0777, "",
	"Permission bits that files can have that are created over SMB and inherit no list; "
	"with the default they are created with 0644. "
	"Masks and forced bits do not apply to NFS, where clients name modes.")
OPTION(MODE, "directory-mask", directory_mask, 0755, 0, 0777, "",
	"Permission bits that directories can have that are created over SMB and inherit no list.")
OPTION(MODE, "force-create-mode", force_create_mode, 0, 0, 07777, "",
	"Mode bits that files created over SMB get in addition.")
OPTION(MODE, "force-directory-mode", force_directory_mode, 0, 0, 07777, "",
	"Mode bits that directories created over SMB get in addition.")
OPTION(FLAGS, "auth", auth, 7, 1, 7, "kerberos|ntlm|guest",
	"The kinds of logins whose sessions may use the share over SMB. A login with a name and "
	"password is NTLM unless client and server have a Kerberos realm in common and the client "
	"uses the server's name. Guests need the option guest as well.")

#undef OPTION
