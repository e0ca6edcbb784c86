/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values as text: numbers, booleans, addresses, ids, rules.
 *
 * A parser returns true and fills its result, or returns false and writes into struct why what is
 * wrong and what is allowed.
 */
#ifndef _DITTO_TEXT_H
#define _DITTO_TEXT_H

#include <netinet/in.h>
#include <stdio.h>

#include "types.h"

struct spec_enum;

/* Bytes of the longest text of an address, with its NUL. */
#define TEXT_ADDRESS_MAX	INET6_ADDRSTRLEN
/* "3.1.1" */
#define TEXT_DIALECT_MAX	12
#define TEXT_DIALECTS		"2.0.2, 2.1, 3.0, 3.0.2, 3.1.1"
/* Longest region of a store: libcurl takes it from a text with colons, and no more of it. */
#define TEXT_REGION_LEN		64
/* 36 characters and NUL. */
#define TEXT_UUID_MAX		37
/* Bytes of the longest SID (MS-DTYP section 2.4.2.2), and of its text with the NUL. */
#define SID_BYTES_MAX		68
#define TEXT_SID_MAX		192

/* A sentence about an error. */
struct why {
	char text[1024];
};

/**
 * struct address - an IP address
 * @len: 4 or 16; 0 for the wildcard address
 * @bytes: in network order
 */
struct address {
	unsigned int len;
	u8 bytes[16];
};

/*
 * Do two addresses stand for one client? An IPv6 client may choose among the addresses of its /64.
 */
bool address_same_client(const struct address *a, const struct address *b);

/* Fill @why like printf() and return false. */
bool why_not(struct why *why, const char *format, ...)
	__printf(2, 3);

/* Decimal digits only, from @min to @max. */
bool text_number(const char *text, u64 min, u64 max, u64 *value,
		 struct why *why);
/* A number with the unit s, m, h, d or w, or without for seconds; at most @max seconds. */
bool text_duration(const char *text, u64 max, u64 *seconds, struct why *why);
/* A number of bytes, or with the unit K, M, G or T of 1024, 1024^2... bytes. */
bool text_size(const char *text, u64 *bytes, struct why *why);
/*
 * A time of the day, "HH:MM-HH:MM", in minutes; "24:00" is allowed as the end. It may reach over
 * midnight.
 */
bool text_hours(const char *text, u32 *from, u32 *to, struct why *why);
/* Whether a minute of the day is in such a time; @from and @to are equal for all day. */
bool text_hours_contain(u32 from, u32 to, u32 minute);
/* yes/no, on/off, true/false, 1/0. */
bool text_bool(const char *text, bool *value, struct why *why);
/* One name of an enum. */
bool text_enum(const char *text, const struct spec_enum *e, u32 *value,
	       struct why *why);
/* Comma-separated names of flags; at least one. */
bool text_flags(const char *text, const struct spec_enum *e, u32 *value,
		struct why *why);
/* IPv4 or IPv6; "*" is the wildcard address. IPv4 mapped into IPv6 becomes IPv4. */
bool text_address(const char *text, struct address *addr, struct why *why);
/* Format an address; IPv4 mapped into IPv6 is shown as IPv4. Returns @buf. */
const char *text_from_address(const void *bytes, size_t len, char buf[TEXT_ADDRESS_MAX]);
/* 32 hexadecimal digits with hyphens anywhere between them. */
bool text_uuid(const char *text, u8 id[16], struct why *why);
const char *text_from_uuid(const u8 id[16], char buf[TEXT_UUID_MAX]);
/* "S-1-..." with decimal numbers. */
bool text_sid(const char *text, u8 sid[SID_BYTES_MAX], u32 *len, struct why *why);
const char *text_from_sid(const u8 *sid, size_t len, char buf[TEXT_SID_MAX]);
/* The work group of a machine. */
bool text_workgroup(const char *text, struct why *why);
/* The description of a machine, which may be empty. */
bool text_server_string(const char *text, struct why *why);
/* The region of a store. */
bool text_region(const char *text, struct why *why);
/* One of TEXT_DIALECTS. */
bool text_dialect(const char *text, u32 *dialect, struct why *why);
const char *text_from_dialect(u32 dialect, char buf[TEXT_DIALECT_MAX]);
/*
 * Check the clients of a rule: "*", an address, a network, a host name pattern, "@netgroup" or
 * "cert:NAME".
 */
bool text_rule_spec(const char *text, struct why *why);

/**
 * text_nearest - suggest a word for a misspelt one
 * @word: the misspelt word
 * @name: returns the i-th candidate, NULL after the last one
 * @arg: passed to @name
 *
 * Return: the candidate with the fewest changes, or NULL if none is near.
 */
const char *text_nearest(const char *word, const char *(*name)(const void *arg, unsigned int i),
			 const void *arg);

/* Replace control characters: those in names of files could be commands to the terminal. */
void text_make_printable(char *text);
/* A copy with such characters replaced, to be freed. */
char *text_printable(const char *text);
/* Decode the octal escapes of blanks and backslashes in place; proc(5). */
void text_decode_octal(char *text);

/*
 * Return the length of the well-formed UTF-8 character at @p (RFC 3629 section 4), 0 if there is
 * none. @p is terminated.
 */
size_t text_utf8_length(const unsigned char *p);
/*
 * Write a string of JSON (RFC 8259 section 7), with its quotation marks. Names of files need not
 * be UTF-8: what is not becomes U+FFFD.
 */
void text_put_json(FILE *out, const char *text);

#endif
