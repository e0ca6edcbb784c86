// SPDX-License-Identifier: GPL-2.0-only
/* The file of users that log in with a password. */

#include <errno.h>
#include <fcntl.h>
#include <gcrypt.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "users.h"

/* Value of the unused LM hash; no password has it. */
#define NO_HASH		"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
#define USER_NAME_MAX	255

/* Convert to UTF-16 little endian. Returns false if @text is not UTF-8. */
static bool to_utf16(const char *text, char *out, size_t size, size_t *len)
{
	iconv_t conversion = iconv_open("UTF-16LE", "UTF-8");
	char *in = (char *)text, *to = out;
	size_t left = strlen(text), room = size;
	size_t rc;

	if (conversion == (iconv_t)-1)
		return false;
	rc = iconv(conversion, &in, &left, &to, &room);
	iconv_close(conversion);
	*len = size - room;
	return rc != (size_t)-1;
}

static bool users_md4(const void *data, size_t len, u8 hash[USERS_HASH_LEN])
{
	gcry_md_hd_t md;

	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		if (!gcry_check_version(NULL))
			return false;
		gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
	if (gcry_md_open(&md, GCRY_MD_MD4, 0))
		return false;
	gcry_md_write(md, data, len);
	memcpy(hash, gcry_md_read(md, GCRY_MD_MD4), USERS_HASH_LEN);
	gcry_md_close(md);
	return true;
}

bool users_hash(const char *password, u8 hash[USERS_HASH_LEN], struct why *why)
{
	char wide[2 * USERS_PASSWORD_MAX];
	size_t len;
	bool good;

	if (!password[0])
		return why_not(why, "the password is empty");
	if (strlen(password) > USERS_PASSWORD_MAX)
		return why_not(why, "the password is longer than %d bytes", USERS_PASSWORD_MAX);
	if (!to_utf16(password, wide, sizeof(wide), &len))
		return why_not(why, "the password is not UTF-8");
	good = users_md4(wide, len, hash);
	explicit_bzero(wide, sizeof(wide));
	return good || why_not(why, "this machine does not allow MD4, which NTLM needs");
}

bool users_check_name(const char *name, struct why *why)
{
	const char *p;

	if (!name[0] || strlen(name) > USER_NAME_MAX)
		return why_not(why, "a name has 1 to %d bytes", USER_NAME_MAX);
	for (p = name; *p; p++)
		if (strchr(":\\#", *p) || (unsigned char)*p < ' ' || *p == 0x7f)
			return why_not(why,
				       "'%s' is not allowed: a name without : \\ # and control characters is",
				       name);
	return true;
}

/* Split a line, if it is about a user. */
static void read_line(struct users *u, const char *text, size_t len)
{
	struct user_line *line;
	const char *colon;

	u->line = mem_grow(u->line, u->n, sizeof(*u->line));
	line = &u->line[u->n++];
	memset(line, 0, sizeof(*line));
	line->text = mem_print("%.*s", (int)len, text);
	colon = strchr(line->text, ':');
	if (line->text[0] == '#' || !colon || colon == line->text)
		return;
	line->name = mem_print("%.*s", (int)(colon - line->text), line->text);
	line->uid = (u32)strtoul(colon + 1, NULL, 10);
}

static bool read_lines(struct users *u, FILE *file)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&text, &room, file)) >= 0) {
		while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
			len--;
		read_line(u, text, (size_t)len);
	}
	if (text)
		explicit_bzero(text, room);
	free(text);
	return !ferror(file);
}

/* A writer locks the directory, because the file itself is replaced. */
static bool lock_dir(struct users *u, struct why *why)
{
	char *dir = mem_string(u->path);
	char *slash = strrchr(dir, '/');

	if (slash)
		*slash = '\0';
	/* The directory may be missing before the tools are installed. */
	if (slash)
		mkdir(dir, 0755);
	u->dir = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (u->dir < 0 || flock(u->dir, LOCK_EX))
		return why_not(why, "%s: %s", u->path, strerror(errno));
	return true;
}

bool users_read(struct users *u, const char *path, bool change, struct why *why)
{
	FILE *file;
	bool good;

	memset(u, 0, sizeof(*u));
	u->dir = -1;
	u->path = mem_string(path);
	if (change && !lock_dir(u, why))
		return false;
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT || why_not(why, "%s: %s", path, strerror(errno));
	good = read_lines(u, file);
	fclose(file);
	return good || why_not(why, "%s: it cannot be read", path);
}

struct user_line *users_find(struct users *u, const char *name)
{
	unsigned int i;

	for (i = 0; i < u->n; i++)
		if (u->line[i].name && !strcasecmp(u->line[i].name, name))
			return &u->line[i];
	return NULL;
}

static void free_line(struct user_line *line)
{
	explicit_bzero(line->text, strlen(line->text));
	free(line->text);
	free(line->name);
}

void users_set(struct users *u, const char *name, u32 uid, const u8 hash[USERS_HASH_LEN])
{
	struct user_line *line = users_find(u, name);
	char hex[2 * USERS_HASH_LEN + 1];
	unsigned int i;

	for (i = 0; i < USERS_HASH_LEN; i++)
		sprintf(hex + 2 * i, "%02X", hash[i]);
	if (line) {
		free_line(line);
	} else {
		u->line = mem_grow(u->line, u->n, sizeof(*u->line));
		line = &u->line[u->n++];
	}
	line->name = mem_string(name);
	line->uid = uid;
	line->text = mem_print("%s:%u:" NO_HASH ":%s:[U          ]:LCT-%08llX:", name, uid, hex,
			       (unsigned long long)time(NULL));
	explicit_bzero(hex, sizeof(hex));
}

bool users_del(struct users *u, const char *name)
{
	struct user_line *line = users_find(u, name);

	if (!line)
		return false;
	free_line(line);
	u->n--;
	memmove(line, line + 1, (size_t)(u->line + u->n - line) * sizeof(*line));
	return true;
}

static bool write_lines(const struct users *u, int fd)
{
	FILE *file = fdopen(fd, "w");
	char buf[BUFSIZ];
	unsigned int i;
	bool good;

	if (!file) {
		close(fd);
		return false;
	}
	/* One of stdio's own would keep the hashes when it is freed. */
	setvbuf(file, buf, _IOFBF, sizeof(buf));
	for (i = 0; i < u->n; i++)
		fprintf(file, "%s\n", u->line[i].text);
	good = !fflush(file) && !ferror(file) && !fsync(fd);
	good = !fclose(file) && good;
	explicit_bzero(buf, sizeof(buf));
	return good;
}

bool users_write(const struct users *u, struct why *why)
{
	char *new = mem_print("%s.new", u->path);
	bool good;
	int fd;

	/* Left over from an interrupted change. */
	unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	good = fd >= 0 && write_lines(u, fd) && !rename(new, u->path) && !fsync(u->dir);
	if (!good) {
		why_not(why, "%s: %s", u->path, strerror(errno));
		unlink(new);
	}
	free(new);
	return good;
}

void users_free(struct users *u)
{
	unsigned int i;

	for (i = 0; i < u->n; i++)
		free_line(&u->line[i]);
	free(u->line);
	free(u->path);
	if (u->dir >= 0)
		close(u->dir);
}
