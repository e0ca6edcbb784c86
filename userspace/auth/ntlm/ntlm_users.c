// SPDX-License-Identifier: GPL-2.0-only
/* The file of local users; see ntlm_users.h. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/log.h"
#include "ntlm_users.h"

/* Longest line that is read, including the NUL. */
#define LINE_SIZE	1024

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static bool hash_parse(const char *text, u8 hash[NTLM_KEY_SIZE])
{
	size_t i;

	if (!text || strlen(text) != 2 * NTLM_KEY_SIZE)
		return false;
	for (i = 0; i < 2 * NTLM_KEY_SIZE; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	for (i = 0; i < NTLM_KEY_SIZE; i++)
		hash[i] = (u8)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	return true;
}

/* Take over a line if it is the user's. */
static bool line_take(char *line, const struct ntlm_names *names, struct ntlm_user *user)
{
	char *name = strsep(&line, ":"), *backslash = strchr(name, '\\');
	const char *domain = backslash ? name : NULL;

	if (name[0] == '#')
		return false;
	if (backslash) {
		*backslash = '\0';
		name = backslash + 1;
	}
	if (strcasecmp(name, names->user) ||
	    (domain && names->domain[0] && strcasecmp(domain, names->domain)))
		return false;
	strsep(&line, ":");
	strsep(&line, ":");
	if (!hash_parse(strsep(&line, ":"), user->hash))
		return false;
	/* It has the length of the client's name, which fits. */
	memcpy(user->name, name, strlen(names->user) + 1);
	user->any_domain = !domain && names->domain[0];
	return true;
}

bool ntlm_user_find(const char *path, const struct ntlm_names *names, struct ntlm_user *user)
{
	char line[LINE_SIZE], buf[BUFSIZ];
	bool found = false;
	FILE *file;

	memset(user, 0, sizeof(*user));
	/* No line has such a name, but would be split at it. */
	if (!names->user[0] || strpbrk(names->user, ":\\@\r\n"))
		return false;
	file = fopen(path, "re");
	if (!file) {
		if (errno != ENOENT)
			log_error("%s: %s", path, strerror(errno));
		return false;
	}
	/* One of stdio's own would keep the hashes when it is freed. */
	setvbuf(file, buf, _IOFBF, sizeof(buf));
	while (!found && fgets(line, sizeof(line), file))
		found = line_take(line, names, user);
	fclose(file);
	explicit_bzero(line, sizeof(line));
	explicit_bzero(buf, sizeof(buf));
	return found;
}
