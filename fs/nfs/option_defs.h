/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options of a share that only NFS uses. See net/setting.h for the columns. The includer
 * defines OPTION().
 */

OPTION(FLAGS, "xprtsec", xprtsec, 7, 1, 7, "none|tls|mtls",
	"Accepted connections of NFS. "
	"none: without TLS. "
	"tls: with TLS (RFC 9289), from clients without a certificate. "
	"mtls: with TLS, from clients whose certificate was verified. "
	"A share that asks every client for TLS has tls,mtls. "
	"MOUNT and NLM are accepted on any connection, because clients do not use TLS for them.")
OPTION(ENUM, "sec-first", sec_first, 0, 0, 5, "strongest|none|sys|krb5|krb5i|krb5p",
	"The security flavour that MOUNT and SECINFO name first, if the share accepts it. "
	"Clients that are not told what to use take the first that they support. "
	"The others follow, the strongest first.")
OPTION(ENUM, "nlm-callers", nlm_callers, 0, 0, 2, "proven|machine|sec",
	"Who may lock files over NFS version 3 if the share accepts only Kerberos. "
	"Kernels send these requests with AUTH_SYS whatever the mount uses. "
	"proven: a machine from which a user came to a share with Kerberos within a day. "
	"machine: every machine that the rules admit. "
	"sec: only callers with Kerberos, and so no machine with a Linux kernel.")
OPTION(BOOL, "dacl", dacl, 0, 0, 1, "",
	"Clients of NFSv4.1 and later have access control lists also as the attribute dacl, which "
	"has the flags of inheritance that SMB clients see. Linux clients then list it as the "
	"extended attribute system.nfs4_dacl, which \"cp --preserve=xattr\" fails to copy, unless "
	"/etc/xattr.conf on the client tells it not to try.")
OPTION(BOOL, "delegated-times", delegated_times, 1, 0, 1, "",
	"Clients of NFSv4.2 that have a file delegated for writing may keep its times of access and "
	"modification, too (RFC 9754). Other clients are answered with what they say. Local processes "
	"on the server see the times only when the delegation was returned; if that matters, as for "
	"backups on the server, turn it off.")

#undef OPTION
