// SPDX-License-Identifier: GPL-2.0-only
/* Help for gss-ntlmssp: parses NTLM messages, and creates password lines in its format. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auth_ntlm.h"
#include "log.h"
#include "utf16.h"

/* Longest line that the library reads, including the NUL. */
#define LINE_SIZE	1024

/* Offsets in an AUTHENTICATE_MESSAGE (MS-NLMP section 2.2.1.3). */
#define MESSAGE_LM	12
#define MESSAGE_PROOF	20
#define MESSAGE_DOMAIN	28
#define MESSAGE_USER	36
#define MESSAGE_FLAGS	60
#define MESSAGE_HEADER	64
#define FLAG_UNICODE	1

/*
 * The proof: a response of version 1 has this length (MS-NLMP section 2.2.2.6). A response of
 * version 2 contains a list of AV_PAIRs from this offset (sections 2.2.2.7 and 2.2.2.8).
 */
#define PROOF_V1	24
#define PROOF_PAIRS	44
#define PAIR_HEADER	4
#define PAIR_TARGET	9
#define PAIR_BINDINGS	10

/* NEGOTIATE_MESSAGE (MS-NLMP section 2.2.1.1) without and with a version. */
#define FIRST_SHORT	32
#define FIRST_LONG	40
/* SPNEGO encoding around a message (RFC 4178 section 4.2.1): lengths up to this fit in one byte. */
#define DER_SHORT_MAX	127
#define DER_DEPTH_MAX	8

/**
 * struct entry - a line of the file
 * @domain: NULL if the line is valid for all domains
 * @name: name of the user
 * @rest: text after the name
 * @plain: the format is "domain:name:password", otherwise that of smbpasswd(5)
 */
struct entry {
	const char *domain;
	const char *name;
	const char *rest;
	bool plain;
};

/*
 * Find the offsets of the length bytes of all DER values that contain the bytes at @at, which
 * must be the content of the innermost value. Returns their number; 0 if there is no such value,
 * or a long one.
 */
static unsigned int find_lengths(const u8 *token, size_t len, size_t at,
				 size_t lengths[DER_DEPTH_MAX])
{
	size_t end = len, pos = 0;
	unsigned int n = 0;

	while (end - pos >= 2 && n < DER_DEPTH_MAX) {
		size_t size = token[pos + 1];
		size_t start = pos + 2;

		if (size > DER_SHORT_MAX || size > end - start || at < start)
			return 0;
		pos = start + size;
		if (at >= pos)
			continue;
		lengths[n++] = start - 1;
		if (at == start)
			return n;
		end = pos;
		pos = start;
	}
	return 0;
}

size_t ntlm_first_pad(const u8 *token, size_t len, u8 padded[NTLM_PADDED_SIZE])
{
	static const u8 begin[12] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1 };
	const u8 *message = memmem(token, len, begin, sizeof(begin));
	size_t lengths[DER_DEPTH_MAX];
	size_t at, size, add;
	unsigned int n = 0;

	if (!message || len > DER_SHORT_MAX + 2)
		return 0;
	at = (size_t)(message - token);
	size = len;
	if (at) {
		n = find_lengths(token, len, at, lengths);
		size = n ? token[lengths[n - 1]] : 0;
	}
	if (size < FIRST_SHORT || size >= FIRST_LONG)
		return 0;
	add = FIRST_LONG - size;
	memset(padded, 0, NTLM_PADDED_SIZE);
	memcpy(padded, token, at + size);
	memcpy(padded + at + FIRST_LONG, message + size, len - at - size);
	while (n--) {
		if (token[lengths[n]] + add > DER_SHORT_MAX)
			return 0;
		padded[lengths[n]] = (u8)(token[lengths[n]] + add);
	}
	return len + add;
}

static u16 ntlm_get16(const u8 *p)
{
	return (u16)(p[0] | p[1] << 8);
}

static u32 ntlm_get32(const u8 *p)
{
	return ntlm_get16(p) | (u32)ntlm_get16(p + 2) << 16;
}

/* Start of an AUTHENTICATE_MESSAGE (MS-NLMP section 2.2.1.3). */
static const u8 last_begin[12] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 3 };

/* Return the AUTHENTICATE_MESSAGE in a token, and adjust @len to its end; NULL if there is none. */
static const u8 *find_last(const u8 *token, size_t *len)
{
	const u8 *message = memmem(token, *len, last_begin, sizeof(last_begin));

	if (!message)
		return NULL;
	*len -= (size_t)(message - token);
	return *len < MESSAGE_HEADER ? NULL : message;
}

/* Is there another AUTHENTICATE_MESSAGE behind the first, which the library may take? */
static bool is_followed(const u8 *message, size_t len)
{
	return memmem(message + 1, len - 1, last_begin, sizeof(last_begin));
}

/*
 * Return the field that a header of a message describes (length, maximum length, offset); NULL if
 * it is not inside the message.
 */
static const u8 *get_field(const u8 *message, size_t len, size_t header, size_t *bytes)
{
	size_t offset = ntlm_get32(message + header + 4);

	*bytes = ntlm_get16(message + header);
	return offset > len || *bytes > len - offset ? NULL : message + offset;
}

/* Read a string field of a message as UTF-8. */
static bool get_string(const u8 *message, size_t len, size_t header, bool unicode, char *out,
		       size_t size)
{
	size_t bytes;
	const u8 *text = get_field(message, len, header, &bytes);

	if (!text)
		return false;
	if (unicode)
		return utf16_to_utf8(text, bytes / 2, out, size);
	if (bytes >= size || memchr(text, 0, bytes))
		return false;
	memcpy(out, text, bytes);
	out[bytes] = '\0';
	return true;
}

bool ntlm_names_read(const u8 *token, size_t len, struct ntlm_names *names)
{
	const u8 *message = find_last(token, &len);
	bool unicode;

	if (!message)
		return false;
	unicode = ntlm_get32(message + MESSAGE_FLAGS) & FLAG_UNICODE;
	return get_string(message, len, MESSAGE_USER, unicode, names->user,
			  sizeof(names->user)) &&
	       get_string(message, len, MESSAGE_DOMAIN, unicode, names->domain,
			  sizeof(names->domain));
}

bool ntlm_is_anonymous(const u8 *token, size_t len)
{
	const u8 *message = find_last(token, &len);

	return message && !ntlm_get16(message + MESSAGE_USER) &&
	       !ntlm_get16(message + MESSAGE_PROOF) && ntlm_get16(message + MESSAGE_LM) <= 1;
}

bool ntlm_is_malformed(const u8 *token, size_t len)
{
	size_t all = len;
	const u8 *message = find_last(token, &len);
	struct ntlm_names names;
	const u8 *proof;
	size_t n, at;

	if (!message)
		return false;
	if (is_followed(message, len) ||
	    (!ntlm_is_anonymous(token, all) && !ntlm_names_read(token, all, &names)))
		return true;
	proof = get_field(message, len, MESSAGE_PROOF, &n);
	if (!proof)
		return true;
	if (n <= PROOF_V1)
		return false;
	if (n < PROOF_PAIRS)
		return true;
	for (at = PROOF_PAIRS; n - at >= PAIR_HEADER;
	     at += PAIR_HEADER + ntlm_get16(proof + at + 2)) {
		if (ntlm_get16(proof + at + 2) > n - at - PAIR_HEADER)
			return true;
		if (!ntlm_get16(proof + at))
			break;
	}
	return false;
}

bool ntlm_target_read(const u8 *token, size_t len, struct ntlm_target *target)
{
	const u8 *message = find_last(token, &len);
	size_t n, at, size;
	const u8 *proof;

	memset(target, 0, sizeof(*target));
	if (!message)
		return false;
	if (is_followed(message, len)) {
		snprintf(target->name, sizeof(target->name), "?");
		return true;
	}
	proof = get_field(message, len, MESSAGE_PROOF, &n);
	if (!proof || n < PROOF_PAIRS)
		return true;
	for (at = PROOF_PAIRS; n - at >= PAIR_HEADER; at += size) {
		u16 id = ntlm_get16(proof + at);

		size = ntlm_get16(proof + at + 2);
		at += PAIR_HEADER;
		if (!id || size > n - at)
			break;
		if (id == PAIR_TARGET && !utf16_to_utf8(proof + at, size / 2, target->name,
							sizeof(target->name)))
			snprintf(target->name, sizeof(target->name), "?");
		while (id == PAIR_BINDINGS && size && !proof[at]) {
			at++;
			size--;
		}
		target->bound |= id == PAIR_BINDINGS && size;
	}
	return true;
}

/* Split a line. Returns false if it is not about a user. */
static bool ntlm_parse(char *line, struct entry *e)
{
	char *second = strchr(line, ':');
	char *third = second ? strchr(second + 1, ':') : NULL;
	char *backslash;

	if (line[0] == '#' || !third)
		return false;
	*second++ = '\0';
	e->plain = !strchr(third + 1, ':');
	e->domain = NULL;
	e->name = line;
	e->rest = second;
	if (e->plain) {
		*third++ = '\0';
		e->domain = line[0] ? line : NULL;
		e->name = second;
		e->rest = third;
		return true;
	}
	backslash = strchr(line, '\\');
	if (backslash) {
		*backslash = '\0';
		e->domain = line;
		e->name = backslash + 1;
	}
	return true;
}

/* Write the line for the library, with the names as the client spells them. */
static bool write_line(int fd, const struct entry *e, const struct ntlm_names *names)
{
	char line[LINE_SIZE];
	bool good;
	int len;

	if (e->plain)
		len = snprintf(line, sizeof(line), "%s:%s:%s", names->domain, names->user, e->rest);
	else
		len = snprintf(line, sizeof(line), "%s%s%s:%s", names->domain,
			       names->domain[0] ? "\\" : "", names->user, e->rest);
	good = len > 0 && (size_t)len < sizeof(line) && pwrite(fd, line, (size_t)len, 0) == len;
	explicit_bzero(line, sizeof(line));
	return good;
}

static bool find_user(int fd, FILE *file, const struct ntlm_names *names,
		      char local[NSS_NAME_SIZE], bool *any_domain)
{
	char line[LINE_SIZE];
	bool found = false;
	struct entry e;

	while (!found && fgets(line, sizeof(line), file)) {
		if (!ntlm_parse(line, &e) || strcasecmp(e.name, names->user) ||
		    (e.domain && names->domain[0] && strcasecmp(e.domain, names->domain)))
			continue;
		found = write_line(fd, &e, names);
		/* It has the length of the client's name, which fits. */
		memcpy(local, e.name, strlen(names->user) + 1);
		*any_domain = !e.domain && names->domain[0];
	}
	explicit_bzero(line, sizeof(line));
	return found;
}

/* Reject characters that would split the line or the name. */
static bool is_sane(const struct ntlm_names *names)
{
	return names->user[0] && !strpbrk(names->user, ":\\@\r\n") && names->user[0] != '#' &&
	       !strpbrk(names->domain, ":\\@\r\n") && names->domain[0] != '#';
}

int ntlm_user_open(const char *path, const struct ntlm_names *names, char local[NSS_NAME_SIZE],
		   bool *any_domain)
{
	bool found = false;
	FILE *file;
	int fd;

	local[0] = '\0';
	*any_domain = false;
	if (!is_sane(names))
		return -1;
	file = fopen(path, "re");
	if (!file) {
		if (errno != ENOENT)
			log_error("%s: %s", path, strerror(errno));
		return -1;
	}
	fd = memfd_create("ditto-user", MFD_CLOEXEC);
	if (fd >= 0)
		found = find_user(fd, file, names, local, any_domain);
	else
		log_error("a user's password cannot be handed on: %s", strerror(errno));
	fclose(file);
	if (found)
		return fd;
	local[0] = '\0';
	if (fd >= 0)
		close(fd);
	return -1;
}
