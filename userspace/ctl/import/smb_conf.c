// SPDX-License-Identifier: GPL-2.0-only
/* The files of Samba and ksmbd, smb.conf(5) and ksmbd.conf(5), see import.h. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
 * @partial: a file that is included there is not read
 * @value: its parameters
 * @n: entries of @value
 */
struct smb_section {
	struct import_source at;
	char *name;
	bool partial;
	struct smb_value *value;
	unsigned int n;
};

/**
 * struct smb_file - what is read
 * @im: the import
 * @chain: memory of all texts
 * @section: sections; the first is [global]
 * @n: entries of @section
 * @nvalues: parameters of all
 * @in: the section that is read, also over the end of an included file
 * @depth: files that include each other
 * @why: what makes it useless
 */
struct smb_file {
	struct import *im;
	struct mem_chain *chain;
	struct smb_section *section;
	unsigned int n;
	unsigned int nvalues;
	unsigned int in;
	unsigned int depth;
	struct why *why;
};

static bool smb_read(struct smb_file *f, const char *path);

static bool section_begin(struct smb_file *f, const struct import_source *at, const char *name)
{
	for (f->in = 0; f->in < f->n; f->in++)
		if (!strcasecmp(f->section[f->in].name, name))
			return true;
	if (f->n == SECTIONS_MAX)
		return why_not(f->why, "%s: there are more than %d sections", at->file,
			       SECTIONS_MAX);
	f->section = mem_grow(f->section, f->n, sizeof(*f->section));
	f->section[f->n++] = (struct smb_section){
		.at = *at, .name = mem_chain_print(&f->chain, "%s", name)
	};
	return true;
}

static char *text_trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	for (end = text + strlen(text); end > text && strchr(" \t\r", end[-1]);)
		*--end = '\0';
	return text;
}

/* What is not read may restrict the share. */
static bool include_read(struct smb_file *f, const struct import_source *at, const char *what,
			 const char *path)
{
	if (strchr(path, '%') || path[0] != '/') {
		import_tell(f->im, at, what, IMPORT_LOST,
			    "only absolute paths without variables are followed");
		f->section[f->in].partial = true;
		return true;
	}
	if (f->depth == DEPTH_MAX)
		return why_not(f->why, "%s:%u: files include each other too deep", at->file,
			       at->line);
	import_tell(f->im, at, what, IMPORT_MAPPED, "what is there");
	return smb_read(f, path);
}

static bool line_read(struct smb_file *f, const struct import_source *at, char *line)
{
	struct smb_section *s;
	struct smb_value *v;
	char *value, *what;

	line = text_trim(line);
	if (!*line || strchr("#;", *line))
		return true;
	if (strlen(line) > LINE_MAX_LEN)
		return why_not(f->why, "%s:%u: the line is longer than %d bytes", at->file,
			       at->line, LINE_MAX_LEN);
	if (*line == '[') {
		value = strchr(line, ']');
		if (!value)
			return why_not(f->why, "%s:%u: a section's ']' is missing", at->file,
				       at->line);
		*value = '\0';
		return section_begin(f, at, text_trim(line + 1));
	}
	what = mem_chain_print(&f->chain, "%s", line);
	value = strchr(line, '=');
	if (!value) {
		import_tell(f->im, at, what, IMPORT_LOST, "it is no section and no parameter");
		return true;
	}
	*value++ = '\0';
	line = text_trim(line);
	value = text_trim(value);
	if (!strcasecmp(line, "include"))
		return include_read(f, at, what, value);
	if (f->nvalues++ == VALUES_MAX)
		return why_not(f->why, "%s: there are more than %d parameters", at->file,
			       VALUES_MAX);
	s = &f->section[f->in];
	s->value = mem_grow(s->value, s->n, sizeof(*s->value));
	v = &s->value[s->n++];
	*v = (struct smb_value){
		.at = *at, .what = what, .param = smb_param_find(line),
		.text = mem_chain_print(&f->chain, "%s", value)
	};
	return true;
}

/*
 * Cut the next line off a text, and count the lines of the file in it: one that ends with a
 * backslash goes on, unless it is a comment. Returns NULL at the end.
 */
static char *line_next(char **text, unsigned int *lines)
{
	char *from = *text, *to = from, *line = from;
	bool comment = strchr("#;", from[strspn(from, " \t\r")]);

	if (!*from)
		return NULL;
	*lines = 1;
	while (*from && *from != '\n') {
		size_t end = comment || *from != '\\' ? 0 : 1 + strspn(from + 1, " \t\r");

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
	for (; good && (line = line_next(&next, &lines)); at.line += lines)
		good = line_read(f, &at, line);
	f->depth--;
	free(text);
	return good;
}

static bool section_has(const struct smb_section *s, const struct smb_param *p)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (s->value[i].param == p)
			return true;
	return false;
}

/* Of the values of a parameter the last one counts. */
static void section_end(struct smb_section *s)
{
	unsigned int i, j;

	for (i = 0; i < s->n; i++)
		for (j = i + 1; j < s->n && s->value[i].param && !s->value[i].again; j++)
			s->value[i].again = !smb_param_is_only_told(s->value[i].param) &&
					    s->value[j].param == s->value[i].param;
}

static void value_map(struct smb_share *made, const struct smb_value *v, bool global)
{
	if (!v->param)
		smb_tell(made, v, IMPORT_LOST, "the parameter is not known");
	else if (!global && v->param->global)
		smb_tell(made, v, IMPORT_LOST, "only [global] can have it");
	else if (v->again)
		smb_tell(made, v, IMPORT_NEEDLESS, "it is there again below");
	else if (!v->text[0])
		smb_tell(made, v, IMPORT_NEEDLESS, "it is empty");
	else
		v->param->map(made, v->param, v);
}

/* Is a value of [global] its own, and not the default of shares? */
static bool value_is_global(const struct smb_value *v)
{
	return !v->param || v->param->global || smb_param_is_only_told(v->param) || v->again;
}

/* The lists of [global] are the default of shares, but also must admit a client themselves. */
static void hosts_compare(struct smb_share *made, const struct smb_section *global,
			  const struct smb_section *s)
{
	const struct smb_param *allow = smb_param_find("hosts allow");
	const struct smb_param *deny = smb_param_find("hosts deny");

	if ((section_has(s, allow) || section_has(s, deny)) &&
	    (section_has(global, allow) || section_has(global, deny)))
		import_leave_out(made->section,
				 "[global] has a list of hosts, too, and both must admit a client");
}

static void share_make(struct smb_file *f, const struct smb_share *like,
		       const struct smb_section *s)
{
	struct smb_section *global = &f->section[0];
	struct smb_share made = *like;
	struct why why;
	unsigned int i;

	made.section = import_share_add(f->im, s->name, &why);
	if (!made.section) {
		import_tell(f->im, &s->at, s->name, IMPORT_LOST, "%s", why.text);
		return;
	}
	if (s->partial)
		import_leave_out(made.section, "it includes a file that is not read");
	if (!strcasecmp(s->name, "homes"))
		import_leave_out(made.section, "a share for each user has no counterpart");
	if (!strcasecmp(s->name, "printers") || !strcasecmp(s->name, "print$"))
		import_leave_out(made.section, "printers are not served");
	for (i = 0; i < s->n; i++)
		value_map(&made, &s->value[i], false);
	for (i = 0; i < global->n; i++)
		if (!value_is_global(&global->value[i]) && !section_has(s, global->value[i].param))
			value_map(&made, &global->value[i], true);
	hosts_compare(&made, global, s);
	smb_share_finish(&made);
	/* They are told once. */
	for (i = 0; i < global->n; i++)
		if (!value_is_global(&global->value[i]) && !section_has(s, global->value[i].param))
			global->value[i].told = true;
}

static bool smb_import(struct import *im, const char *path, bool ksmbd, struct why *why)
{
	struct smb_file f = { .im = im, .why = why };
	struct smb_share like = { .im = im, .chain = &f.chain, .ksmbd = ksmbd, .crossmnt = true };
	struct import_source none = { path, 0 };
	struct smb_share server;
	unsigned int i;
	bool good;

	section_begin(&f, &none, "global");
	good = smb_read(&f, path);
	if (good) {
		server = like;
		server.section = import_section_add(im, "server");
		for (i = 0; i < f.n; i++)
			section_end(&f.section[i]);
		for (i = 0; i < f.section[0].n; i++)
			if (value_is_global(&f.section[0].value[i]))
				value_map(&server, &f.section[0].value[i], true);
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
	return smb_import(im, path ?: SMB_CONF, false, why);
}

bool import_ksmbd_conf(struct import *im, const char *path, struct why *why)
{
	return smb_import(im, path ?: KSMBD_CONF, true, why);
}
