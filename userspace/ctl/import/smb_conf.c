// SPDX-License-Identifier: GPL-2.0-only
/* The files of Samba and ksmbd, smb.conf(5) and ksmbd.conf(5), see import.h. */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mem.h"
#include "smb.h"

#define SMB_CONF	"/etc/samba/smb.conf"
#define KSMBD_CONF	"/etc/ksmbd/ksmbd.conf"
#define SECTIONS_MAX	4096
#define LINE_MAX_LEN	16384
#define VALUES_MAX	32768
#define DEPTH_MAX	8

/**
 * struct smb_section - a section of the file
 * @at: where it begins
 * @name: its name
 * @refused: why it is not imported, and with [global] no share; or NULL
 * @order: how many parameters were read before it
 * @value: its parameters
 * @n: entries of @value
 */
struct smb_section {
	struct import_source at;
	char *name;
	const char *refused;
	unsigned int order;
	struct smb_value *value;
	unsigned int n;
};

/**
 * struct smb_file - what is read
 * @im: the import
 * @chain: memory of all texts
 * @ksmbd: the file is ksmbd.conf
 * @elsewhere: the file may be of another machine
 * @section: sections; the first is [global]
 * @n: entries of @section
 * @nvalues: parameters of all, and files that are included
 * @in: the section that is read, also over the end of an included file
 * @depth: files that include each other
 * @why: what makes it useless
 */
struct smb_file {
	struct import *im;
	struct mem_chain *chain;
	bool ksmbd;
	bool elsewhere;
	struct smb_section *section;
	unsigned int n;
	unsigned int nvalues;
	unsigned int in;
	unsigned int depth;
	struct why *why;
};

static bool smb_read(struct smb_file *f, const char *path);

/* Samba takes any number of blanks for one. */
static void blanks_squeeze(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (!strchr(" \t", *text))
			*to++ = *text;
		else if (!strchr(" \t", text[1]))
			*to++ = ' ';
	*to = '\0';
}

static bool section_begin(struct smb_file *f, const struct import_source *at, char *text)
{
	const char *name = text;

	if (!f->ksmbd) {
		blanks_squeeze(text);
		name = smb_name_matches("global|globals", text) ? "global" : text;
	}
	for (f->in = 0; f->in < f->n; f->in++)
		if (!strcasecmp(f->section[f->in].name, name))
			return true;
	if (f->n == SECTIONS_MAX)
		return why_not(f->why, "%s: there are more than %d sections", at->file,
			       SECTIONS_MAX);
	f->section = mem_grow(f->section, f->n, sizeof(*f->section));
	f->section[f->n++] = (struct smb_section){
		.at = *at, .name = mem_chain_print(&f->chain, "%s", name), .order = f->nvalues
	};
	return true;
}

/* A line that is not understood may restrict its section, or with [global] everything. */
static void line_refuse(struct smb_file *f, struct smb_section *s, const struct import_source *at,
			const char *what, const char *why)
{
	import_tell(f->im, at, what, IMPORT_LOST, "%s", why);
	/* ksmbd serves nothing then. */
	if (f->ksmbd)
		s = &f->section[0];
	if (!s->refused)
		s->refused = mem_chain_print(&f->chain, "%s:%u: %s: %s", at->file, at->line, what,
					     why);
}

/* What is not read may be about any section. */
static void include_read(struct smb_file *f, const struct import_source *at, const char *what,
			 const char *path)
{
	if (!*path)
		import_tell(f->im, at, what, IMPORT_NEEDLESS, "it is empty");
	else if (strchr(path, '%') || path[0] != '/')
		line_refuse(f, &f->section[0], at, what,
			    "what it includes is not read: testparm -s writes all out");
	else if (f->depth == DEPTH_MAX)
		line_refuse(f, &f->section[0], at, what, "files include each other too deep");
	/* Samba goes on without it, too. */
	else if (!f->elsewhere && access(path, F_OK) && errno == ENOENT)
		import_tell(f->im, at, what, IMPORT_NEEDLESS, "it is not there");
	else if (smb_read(f, path))
		import_tell(f->im, at, what, IMPORT_MAPPED, "what is there");
	else
		line_refuse(f, &f->section[0], at, what, f->why->text);
}

/* A name in small letters, for Samba without its blanks. */
static const char *name_fold(struct smb_file *f, const char *name, unsigned int *hash)
{
	char *folded = mem_chain_print(&f->chain, "%s", name), *to = folded;

	*hash = 0;
	for (; *name; name++) {
		if (!f->ksmbd && strchr(" \t", *name))
			continue;
		*to = (char)tolower((unsigned char)*name);
		*hash = *hash * 31 + (unsigned char)*to++;
	}
	*to = '\0';
	return folded;
}

static bool line_read(struct smb_file *f, const struct import_source *at, char *line)
{
	struct smb_section *s;
	struct smb_value *v;
	char *value, *what;

	/* For ksmbd a comment may follow a value. */
	if (f->ksmbd)
		line[strcspn(line, "#;")] = '\0';
	line = import_trim(line, IMPORT_BLANKS);
	if (!*line || strchr("#;", *line))
		return true;
	if (strlen(line) > LINE_MAX_LEN)
		return why_not(f->why, "%s:%u: the line is longer than %d bytes", at->file,
			       at->line, LINE_MAX_LEN);
	what = mem_chain_print(&f->chain, "%s", line);
	if (*line == '[') {
		value = strchr(line, ']');
		if (!value)
			return why_not(f->why, "%s:%u: a section's ']' is missing", at->file,
				       at->line);
		*value = '\0';
		if (!section_begin(f, at, import_trim(line + 1, IMPORT_BLANKS)))
			return false;
		if (*import_trim(value + 1, IMPORT_BLANKS))
			line_refuse(f, &f->section[f->in], at, what, "text is behind the ']'");
		return true;
	}
	value = strchr(line, '=');
	if (!value) {
		line_refuse(f, &f->section[f->in], at, what, "it is no section and no parameter");
		return true;
	}
	*value++ = '\0';
	line = import_trim(line, IMPORT_BLANKS);
	value = import_trim(value, IMPORT_BLANKS);
	if (f->nvalues == VALUES_MAX)
		return why_not(f->why, "%s: there are more than %d parameters", at->file,
			       VALUES_MAX);
	f->nvalues++;
	if (!f->ksmbd && !strcasecmp(line, "include")) {
		include_read(f, at, what, value);
		return true;
	}
	if (f->ksmbd && !*value) {
		import_tell(f->im, at, what, IMPORT_NEEDLESS, "it is empty");
		return true;
	}
	s = &f->section[f->in];
	s->value = mem_grow(s->value, s->n, sizeof(*s->value));
	v = &s->value[s->n++];
	*v = (struct smb_value){
		.at = *at, .what = what, .param = smb_param_find(line),
		.text = mem_chain_print(&f->chain, "%s", value), .order = f->nvalues
	};
	v->name = name_fold(f, line, &v->hash);
	return true;
}

/*
 * Cut the next line off a text, and count the lines of the file in it: for Samba one that ends
 * with a backslash goes on, unless it is a comment. Returns NULL at the end.
 */
static char *line_next(const struct smb_file *f, char **text, unsigned int *lines)
{
	char *from = *text, *to = from, *line = from;
	bool single = f->ksmbd || strchr("#;", from[strspn(from, " \t\r")]);

	if (!*from)
		return NULL;
	*lines = 1;
	while (*from && *from != '\n') {
		size_t end = single || *from != '\\' ? 0 : 1 + strspn(from + 1, " \t\r");

		if (end && from[end] == '\n') {
			from += end + 1;
			(*lines)++;
		} else {
			*to++ = *from++;
		}
	}
	*text = from + !!*from;
	*to = '\0';
	return line;
}

static bool smb_read(struct smb_file *f, const char *path)
{
	struct import_source at = { .line = 1 };
	char *text = import_file_read(f->im, path, f->depth, &at.file, f->why);
	unsigned int lines = 0;
	char *next = text, *line;
	bool good = text;

	f->depth++;
	for (; good && (line = line_next(f, &next, &lines)); at.line += lines)
		good = line_read(f, &at, line);
	f->depth--;
	free(text);
	return good;
}

static bool value_is_same(const struct smb_file *f, const struct smb_value *a,
			  const struct smb_value *b)
{
	return (a->hash == b->hash && !strcmp(a->name, b->name)) ||
	       (!f->ksmbd && a->param && b->param && smb_param_is_same(a->param, b->param));
}

static bool section_has(const struct smb_file *f, const struct smb_section *s,
			const struct smb_value *v)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (value_is_same(f, &s->value[i], v))
			return true;
	return false;
}

/* Of the values of a parameter the last one counts for Samba, the first one for ksmbd. */
static void section_end(const struct smb_file *f, struct smb_section *s)
{
	unsigned int i, j;

	for (i = 0; i < s->n; i++)
		for (j = i + 1; j < s->n && !s->value[i].again; j++)
			if (value_is_same(f, &s->value[i], &s->value[j]))
				s->value[f->ksmbd ? j : i].again = true;
}

static void value_map(struct smb_share *made, const struct smb_value *v, bool global)
{
	bool told = v->param && smb_param_is_only_told(v->param);

	if (v->again)
		smb_tell(made, v, IMPORT_NEEDLESS, "it is there again %s",
			 made->ksmbd ? "above" : "below");
	else if (!v->param && strchr(v->name, ':'))
		smb_tell(made, v, IMPORT_LOST, "the module is not known");
	else if (!v->param)
		smb_refuse(made, v, "the parameter is not known, and may restrict something");
	else if (made->ksmbd && !smb_param_is_of_ksmbd(v->name) && !told)
		smb_refuse(made, v, "ksmbd does not read it: delete it if it is not meant");
	else if (!global && v->param->global && !told)
		smb_refuse(made, v, "only [global] can have it");
	else if (!v->text[0] && smb_param_may_be_empty(v->param))
		smb_tell(made, v, IMPORT_NEEDLESS, "it is empty");
	else
		v->param->map(made, v->param, v);
}

/* Is a value of [global] its own, and not the default of shares? */
static bool value_is_global(const struct smb_value *v)
{
	return !v->param || v->param->global || smb_param_is_only_told(v->param) || v->again;
}

static const struct smb_value *hosts_find(const struct smb_section *s)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (s->value[i].param && smb_name_matches(SMB_HOSTS, s->value[i].name))
			return &s->value[i];
	return NULL;
}

static void share_make(struct smb_file *f, const struct smb_share *like, struct smb_section *s)
{
	struct smb_section *global = &f->section[0];
	const char *refused = s->refused ?: global->refused;
	struct smb_share made = *like;
	struct why why;
	unsigned int i;

	made.section = import_share_add(f->im, s->name, &why);
	if (!made.section) {
		import_tell(f->im, &s->at, s->name, IMPORT_LOST, "%s", why.text);
		return;
	}
	if (refused)
		import_leave_out(made.section, "%s", refused);
	made.homes = !f->ksmbd && !strcasecmp(s->name, "homes");
	if (made.homes)
		import_make_homes(made.section);
	if (!strcasecmp(s->name, "printers") || !strcasecmp(s->name, "print$"))
		import_leave_out(made.section, "printers are not served");
	for (i = 0; i < s->n; i++)
		value_map(&made, &s->value[i], false);
	for (i = 0; i < global->n; i++) {
		struct smb_value *v = &global->value[i];

		if (value_is_global(v) || (section_has(f, s, v) && !v->param->both))
			continue;
		/* Samba has it as a default of the sections below. */
		if (!f->ksmbd && v->order > s->order)
			smb_refuse(&made, v, "[global] goes on below [%s]: move that up", s->name);
		else
			value_map(&made, v, true);
	}
	if (hosts_find(s) && hosts_find(global))
		import_leave_out(made.section,
				 "[global] has a list of hosts, too, and both must admit a client");
	smb_share_finish(&made);
	if (made.home_guessed)
		import_tell(f->im, &s->at, s->name, IMPORT_MAPPED,
			    "path = /home/%%U; if accounts have their directories elsewhere, change it");
	/* They are told once. */
	for (i = 0; i < global->n; i++)
		if (!value_is_global(&global->value[i]) && !section_has(f, s, &global->value[i]))
			global->value[i].told = true;
}

static bool smb_import(struct import *im, const char *path, bool ksmbd, struct why *why)
{
	const char *from = path ?: ksmbd ? KSMBD_CONF : SMB_CONF;
	struct smb_file f = { .im = im, .ksmbd = ksmbd, .elsewhere = path, .why = why };
	struct smb_share like = { .im = im, .chain = &f.chain, .ksmbd = ksmbd, .crossmnt = true };
	struct import_source none = { from, 0 };
	char name[] = "global";
	struct smb_share server;
	unsigned int i;
	bool good;

	section_begin(&f, &none, name);
	good = smb_read(&f, from);
	if (good) {
		server = like;
		server.section = import_section_add(im, "server");
		server.refused = &f.section[0].refused;
		for (i = 0; i < f.n; i++)
			section_end(&f, &f.section[i]);
		for (i = 0; i < f.section[0].n; i++)
			if (value_is_global(&f.section[0].value[i]))
				value_map(&server, &f.section[0].value[i], true);
		like.guests_made = server.guests_made;
		like.guests_refused = server.guests_refused;
		import_section_add(im, "listener smb");
	}
	for (i = 1; good && i < f.n; i++)
		share_make(&f, &like, &f.section[i]);
	for (i = 0; good && i < f.section[0].n; i++)
		if (!value_is_global(&f.section[0].value[i]))
			smb_tell(&server, &f.section[0].value[i], IMPORT_NEEDLESS,
				 "no share uses it");
	for (i = 0; i < f.n; i++)
		free(f.section[i].value);
	free(f.section);
	mem_chain_free(&f.chain);
	return good;
}

bool import_smb_conf(struct import *im, const char *path, struct why *why)
{
	return smb_import(im, path, false, why);
}

bool import_ksmbd_conf(struct import *im, const char *path, struct why *why)
{
	return smb_import(im, path, true, why);
}
