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

#undef OPTION
