/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of SMB. See net/setting.h for the columns. The includer defines SETTING().
 */

SETTING(BOOL, "require-signing", require_signing, 0, 0, 1, "",
	"Refuse SMB messages that are not signed. Guests cannot sign, and are then refused.")
SETTING(BOOL, "require-ntlm-signing", require_ntlm_signing, 1, 0, 1, "",
	"Refuse SMB messages that are not signed in sessions of logins by NTLM, which somebody between "
	"client and server can pass on to use the session himself. "
	"The server then announces to all clients that it requires signing. "
	"Encrypted messages need no signature, and guests and anonymous users have no key to sign "
	"with.")
SETTING(ENUM, "encryption", encryption, 1, 0, 2, "off|offered|required",
	"Encryption of SMB connections. "
	"With offered the client decides, and shares may require it.")
SETTING(BOOL, "compression", compression, 1, 0, 1, "",
	"Let SMB clients negotiate compression. They may compress what they send after a login; "
	"what is sent to them is a matter of each share. "
	"Existing connections keep what they have negotiated.")
SETTING(VERSION, "min-dialect", min_dialect, 0x0202, 0x0202, 0x0311, "",
	"The oldest version of SMB that is accepted.")
SETTING(NUMBER, "durable-s", durable_s, 60, 0, 300, "seconds",
	"How long a durable open stays for an SMB client whose connection was lost, if the client "
	"named no time itself. With 0 there are no durable opens.")
SETTING(NUMBER, "silence-s", silence_s, 60, 4, 7200, "seconds",
	"An SMB connection ends, and with it the locks and opens that are not durable, when the "
	"client's machine has answered nothing for this time. "
	"An idle machine is probed after half of it. "
	"Existing connections keep the time they began with.")
SETTING(NUMBER, "sessions-per-connection", sessions_per_connection, 1024, 1, 65536, "",
	"Sessions that one SMB connection may carry. "
	"A terminal server has the sessions of all its users on one connection. "
	"Until the first login has succeeded there are at most 4.")
SETTING(BOOL, "restrict-anonymous", restrict_anonymous, 1, 0, 1, "",
	"Refuse an SMB login without a name unless some share has the option guest.")

#undef SETTING
