// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl config import: the report and the sections, see import.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/out.h"
#include "import.h"
#include "mem.h"
#include "nl/setting.h"
#include "nl/share.h"

/* Larger files, and more of them, are refused. */
#define FILE_SIZE_MAX	(1024 * 1024)
#define FILES_MAX	64

static const char *const verdicts[] = { "mapped", "not-needed", "no-counterpart" };

void import_tell(struct import *im, const struct import_source *at, const char *what,
		 enum import_verdict verdict, const char *format, ...)
{
	struct import_entry *e;
	va_list args;

	im->entry = mem_grow(im->entry, im->nentries, sizeof(*im->entry));
	e = &im->entry[im->nentries++];
	*e = (struct import_entry){ *at, text_printable(what), verdict, NULL, im->nentries };
	va_start(args, format);
	e->text = mem_vprint(format, args);
	va_end(args);
	text_make_printable(e->text);
}

struct import_section *import_section_add(struct import *im, const char *header)
{
	struct import_section *s = mem_new(sizeof(*s));

	s->header = mem_string(header);
	im->section = mem_grow(im->section, im->nsections, sizeof(*im->section));
	im->section[im->nsections++] = s;
	return s;
}

char *import_trim(char *text, const char *blanks)
{
	size_t len;

	text += strspn(text, blanks);
	for (len = strlen(text); len && strchr(blanks, text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

/* The file has lines, whose ends are trimmed. */
static bool value_fits(const char *value, struct why *why)
{
	size_t len = strlen(value);
	const char *p;

	for (p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return why_not(why, "control characters cannot be written there");
	return (len && value[0] != ' ' && value[len - 1] != ' ') ||
	       why_not(why, len ? "a blank at an end cannot be written there" : "it is empty");
}

struct import_section *import_share_add(struct import *im, const char *name, struct why *why)
{
	struct import_section *s;
	char *header;

	if (!value_fits(name, why) || !share_check_name(name, why)) {
		im->unnamed++;
		return NULL;
	}
	header = mem_print("share %s", name);
	s = import_section_add(im, header);
	free(header);
	s->share = share_new(name);
	return s;
}

void import_make_homes(struct import_section *s)
{
	free(s->header);
	s->header = mem_string("homes");
}

static const struct {
	const char *key;
	bool (*fits)(const char *value, struct why *why);
} server_words[] = {
	{ "workgroup", text_workgroup },
	{ "server-string", text_server_string },
};

static const struct {
	const char *key;
	bool (*set)(struct share *share, const char *value, struct why *why);
} share_words[] = {
	{ "path", share_set_path },
	{ "comment", share_set_comment },
	{ "snapshots", share_set_snapshots },
	{ "protocols", share_set_protocols },
	{ "veto-files", share_set_veto_files },
	{ "force-user", share_set_force_user },
	{ "force-group", share_set_force_group },
	{ "anon-uid", share_set_anon_uid },
	{ "anon-gid", share_set_anon_gid },
	{ "allow", share_add_rule },
	{ "user", share_add_user_unresolved },
	{ "group", share_add_group_unresolved },
	{ "default-access", share_set_default_access },
	{ "mountpoint", share_set_mountpoint },
};

/* Check a value, and tell whether it is the default. */
static bool section_check(const struct import_section *s, const char *key, const char *value,
			  bool *usual, struct why *why)
{
	const struct setting *setting;
	unsigned int i;
	u32 number;

	*usual = false;
	for (i = 0; !s->share && i < ARRAY_SIZE(server_words); i++)
		if (!strcmp(server_words[i].key, key))
			return server_words[i].fits(value, why);
	for (i = 0; s->share && i < ARRAY_SIZE(share_words); i++)
		if (!strcmp(share_words[i].key, key))
			return share_words[i].set(s->share, value, why);
	setting = &settings[s->share ? 0 : setting_find(key)];
	for (i = 0; s->share && i < SHARE_OPTIONS; i++)
		if (!strcmp(share_options[i].name, key))
			setting = &share_options[i];
	if (!setting_read(setting, value, &number, why))
		return false;
	*usual = number == setting->initial;
	return true;
}

bool import_set(struct import_section *s, const char *key, const char *value, struct why *why)
{
	bool usual;

	if (!value_fits(value, why) || !section_check(s, key, value, &usual, why))
		return false;
	if (usual)
		return true;
	s->line = mem_grow(s->line, s->n, sizeof(*s->line));
	s->line[s->n++] = mem_print("%s = %s", key, value);
	return true;
}

void import_leave_out(struct import_section *s, const char *format, ...)
{
	va_list args;

	if (s->left_out)
		return;
	va_start(args, format);
	s->left_out = mem_vprint(format, args);
	va_end(args);
	text_make_printable(s->left_out);
}

char *import_file_read(struct import *im, const char *path, bool regular, const char **name,
		       struct why *why)
{
	/* A fifo would wait for somebody to write to it. */
	int fd = im->nfiles < FILES_MAX ?
		 open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular ? O_NONBLOCK : 0)) : -1;
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	struct stat st;
	size_t len = 0;
	char *text;

	if (im->nfiles == FILES_MAX) {
		why_not(why, "%s: there are more than %d files", path, FILES_MAX);
		return NULL;
	}
	if (!in || fstat(fd, &st) || S_ISDIR(st.st_mode) || (regular && !S_ISREG(st.st_mode))) {
		why_not(why, "%s: %s", path, in ? "it is no regular file" : strerror(errno));
		if (in)
			fclose(in);
		return NULL;
	}
	text = mem_new(FILE_SIZE_MAX + 2);
	len = fread(text, 1, FILE_SIZE_MAX + 1, in);
	if (ferror(in))
		why_not(why, "%s: %s", path, strerror(errno));
	else if (len > FILE_SIZE_MAX)
		why_not(why, "%s: it is larger than %d bytes", path, FILE_SIZE_MAX);
	else if (memchr(text, '\0', len))
		why_not(why, "%s: a NUL byte: this is not a text file", path);
	else
		why->text[0] = '\0';
	fclose(in);
	if (why->text[0]) {
		free(text);
		return NULL;
	}
	im->file = mem_grow(im->file, im->nfiles, sizeof(*im->file));
	*name = im->file[im->nfiles++] = mem_string(path);
	return text;
}

const char *import_network(struct mem_chain **chain, const char *text)
{
	const char *slash = strchr(text, '/');
	struct address host, mask;
	unsigned int prefix = 0;
	struct why ignored;
	u32 bits;

	/* Only networks of IPv4 have masks. */
	if (!slash || !text_address(slash + 1, &mask, &ignored) || mask.len != 4 ||
	    strchr(slash, ':') ||
	    !text_address(mem_chain_print(chain, "%.*s", (int)(slash - text), text), &host,
			  &ignored) || host.len != 4)
		return text;
	bits = (u32)mask.bytes[0] << 24 | (u32)mask.bytes[1] << 16 | (u32)mask.bytes[2] << 8 |
	       mask.bytes[3];
	for (; bits & 0x80000000; bits <<= 1)
		prefix++;
	return bits ? text : mem_chain_print(chain, "%.*s/%u", (int)(slash - text), text, prefix);
}

bool import_client_is_fit(const char *text)
{
	struct why ignored;

	/* Words of ours that would mean something else there. */
	return text_rule_spec(text, &ignored) && strcmp(text, "any") &&
	       strncmp(text, "cert:", 5) && !strpbrk(text, ",=");
}

/* A section that says something, or is one by being there. */
static bool section_counts(const struct import_section *s)
{
	return !s->left_out && (s->n || !strncmp(s->header, "listener", 8));
}

void import_print(const struct import *im, FILE *out)
{
	const char *between = "";
	unsigned int i, j;

	for (i = 0; i < im->nsections; i++) {
		const struct import_section *s = im->section[i];

		if (!section_counts(s))
			continue;
		fprintf(out, "%s[%s]\n", between, s->header);
		for (j = 0; j < s->n; j++)
			fprintf(out, "%s\n", s->line[j]);
		between = "\n";
	}
}

void import_free(struct import *im)
{
	unsigned int i, j;

	for (i = 0; i < im->nentries; i++) {
		free(im->entry[i].what);
		free(im->entry[i].text);
	}
	for (i = 0; i < im->nsections; i++) {
		struct import_section *s = im->section[i];

		for (j = 0; j < s->n; j++)
			free(s->line[j]);
		free(s->line);
		free(s->left_out);
		free(s->header);
		share_free(s->share);
		free(s);
	}
	for (i = 0; i < im->nfiles; i++)
		free(im->file[i]);
	free(im->entry);
	free(im->section);
	free(im->file);
}

/* In the order of the files. */
static int entry_compare(const void *a, const void *b)
{
	const struct import_entry *one = a, *other = b;
	int order = strcmp(one->source.file, other->source.file);

	if (!order)
		order = one->source.line < other->source.line ? -1 :
			one->source.line > other->source.line;
	return order ? order : one->place < other->place ? -1 : 1;
}

/* As comments, so that all that is printed can be a configuration file. */
static void report_print(const struct import *im)
{
	static const char *const words[] = { "becomes", "not needed:", "no counterpart:" };
	bool left_out = false;
	unsigned int i;

	putchar('\n');
	for (i = 0; i < im->nentries; i++) {
		const struct import_entry *e = &im->entry[i];

		printf("# %s:%u: %s: %s %s\n", e->source.file, e->source.line, e->what,
		       words[e->verdict], e->text);
	}
	for (i = 0; i < im->nsections; i++) {
		if (im->section[i]->left_out)
			printf("# [%s] is left out: %s\n", im->section[i]->header,
			       im->section[i]->left_out);
		left_out |= !!im->section[i]->left_out;
	}
	if (left_out)
		puts("# Write what is left out by hand, or import a changed copy of the file.");
}

static void import_json(const struct import *im, bool written)
{
	unsigned int i, j;

	json_open(stdout, NULL, '{');
	json_bool(stdout, "written", written);
	json_open(stdout, "sections", '[');
	for (i = 0; i < im->nsections; i++) {
		const struct import_section *s = im->section[i];

		if (!s->left_out && !section_counts(s))
			continue;
		json_open(stdout, NULL, '{');
		json_string(stdout, "section", s->header);
		if (s->left_out)
			json_string(stdout, "left-out", s->left_out);
		json_open(stdout, "lines", '[');
		for (j = 0; j < s->n; j++)
			json_string(stdout, NULL, s->line[j]);
		json_close(stdout, ']');
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
	json_open(stdout, "report", '[');
	for (i = 0; i < im->nentries; i++) {
		const struct import_entry *e = &im->entry[i];

		json_open(stdout, NULL, '{');
		json_string(stdout, "file", e->source.file);
		json_number(stdout, "line", e->source.line);
		json_string(stdout, "what", e->what);
		json_string(stdout, "verdict", verdicts[e->verdict]);
		json_string(stdout, "text", e->text);
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
	json_close(stdout, '}');
	json_end(stdout);
}

/* Write what was read into the configuration file. Returns an exit status. */
static int import_write(struct ctl *ctl, const struct import *im)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int status;

	if (!out)
		mem_out();
	import_print(im, out);
	if (fclose(out))
		mem_out();
	status = config_add(ctl, text);
	free(text);
	return status;
}

static const struct {
	const char *name;
	bool (*read)(struct import *im, const char *path, struct why *why);
} formats[] = {
	{ "exports", import_exports },
	{ "smb.conf", import_smb_conf },
	{ "ksmbd.conf", import_ksmbd_conf },
};

static const char *format_name(const void *arg, unsigned int i)
{
	(void)arg;
	return i < ARRAY_SIZE(formats) ? formats[i].name : NULL;
}

int config_import(struct ctl *ctl, char **words)
{
	const char *format = NULL, *path = NULL;
	bool dry_run = false, shares = false;
	struct import im = { 0 };
	int status = CTL_OK;
	struct why why;
	unsigned int i, left_out;

	for (; *words; words++) {
		if (!strcmp(*words, "--dry-run"))
			dry_run = true;
		else if (!format)
			format = *words;
		else if (!path)
			path = *words;
		else
			return ctl_no_more(ctl, words);
	}
	if (!format)
		return ctl_usage(ctl, "the format is needed: exports, smb.conf or ksmbd.conf");
	for (i = 0; i < ARRAY_SIZE(formats) && strcmp(formats[i].name, format); i++)
		;
	if (i == ARRAY_SIZE(formats))
		return ctl_unknown(ctl, "format", format, text_nearest(format, format_name, NULL));
	if (!formats[i].read(&im, path, &why)) {
		status = ctl_failed(ctl, "%s", why.text);
		goto out;
	}
	left_out = im.unnamed + im.unknown;
	qsort(im.entry, im.nentries, sizeof(*im.entry), entry_compare);
	for (i = 0; i < im.nsections; i++) {
		left_out += !!im.section[i]->left_out;
		shares |= im.section[i]->share && !im.section[i]->left_out;
	}
	if (!ctl->json) {
		import_print(&im, stdout);
		report_print(&im);
		fflush(stdout);
	}
	if (!shares)
		status = ctl_failed(ctl, "there is no share that can be imported");
	else if (!dry_run)
		status = import_write(ctl, &im);
	if (ctl->json)
		import_json(&im, shares && !dry_run && !status);
	if (!status && left_out)
		status = CTL_DEGRADED;
out:
	import_free(&im);
	return status;
}
