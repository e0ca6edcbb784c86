// SPDX-License-Identifier: GPL-2.0-only
/* Changes the texts of a configuration, see config_edit.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/spec.h"
#include "config_edit.h"
#include "mem.h"

enum line_kind {
	LINE_OTHER,	/* empty, or a comment */
	LINE_HEADER,
	LINE_KEY,
};

/**
 * struct line - a line of a file
 * @text: the line, without its end; NULL if it was removed
 * @kind: what it is
 * @section: number of its section; CONFIG_EDIT_NONE before the first one of its file
 * @file: place of its file
 * @open: the last line of its file, which has no end
 */
struct line {
	char *text;
	enum line_kind kind;
	unsigned int section;
	unsigned int file;
	bool open;
};

/**
 * struct config_edit - texts that are changed
 * @texts: what they were
 * @line: their lines, in the order of the files
 * @n: entries of @line
 * @nsections: number of sections, with those that were removed
 */
struct config_edit {
	const struct config_texts *texts;
	struct line *line;
	unsigned int n;
	unsigned int nsections;
};

/* Put a line behind the one before @place, into the same file. */
static void line_insert(struct config_edit *e, unsigned int place, char *text,
			enum line_kind kind, unsigned int section)
{
	e->line = mem_grow(e->line, e->n, sizeof(*e->line));
	memmove(&e->line[place + 1], &e->line[place], (e->n++ - place) * sizeof(*e->line));
	e->line[place] = (struct line){ text, kind, section, place ? e->line[place - 1].file : 0,
					false };
}

static void line_remove(struct line *line)
{
	free(line->text);
	line->text = NULL;
}

static void file_read(struct config_edit *e, unsigned int file)
{
	const char *text = e->texts->file[file].text;
	unsigned int section = CONFIG_EDIT_NONE;
	enum line_kind kind;
	const char *start;
	size_t len;

	for (; *text; text += len + !!text[len]) {
		len = strcspn(text, "\n");
		start = text + strspn(text, " \t");
		if (*start == '[') {
			kind = LINE_HEADER;
			section = e->nsections++;
		} else {
			kind = strchr("#;\r\n", *start) ? LINE_OTHER : LINE_KEY;
		}
		line_insert(e, e->n, mem_print("%.*s", (int)len, text), kind, section);
		e->line[e->n - 1].file = file;
		e->line[e->n - 1].open = !text[len];
	}
}

struct config_edit *config_edit_begin(const struct config_texts *texts)
{
	struct config_edit *e = mem_new(sizeof(*e));
	unsigned int i;

	e->texts = texts;
	for (i = 0; i < texts->n; i++)
		file_read(e, i);
	return e;
}

static bool header_is(const char *text, const char *kind)
{
	size_t len = strlen(kind);

	text = strchr(text, '[') + 1;
	text += strspn(text, " \t");
	return !strncmp(text, kind, len) && strchr(" \t]", text[len]);
}

unsigned int config_edit_find(const struct config_edit *e, const char *kind, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < e->n; i++)
		if (e->line[i].text && e->line[i].kind == LINE_HEADER &&
		    header_is(e->line[i].text, kind) && !n--)
			return e->line[i].section;
	return CONFIG_EDIT_NONE;
}

unsigned int config_edit_append(struct config_edit *e, const char *header)
{
	unsigned int section = e->nsections++, end;

	for (end = 0; end < e->n && !e->line[end].file; end++)
		;
	if (end && e->line[end - 1].text && e->line[end - 1].text[0])
		line_insert(e, end++, mem_string(""), LINE_OTHER, CONFIG_EDIT_NONE);
	line_insert(e, end, mem_print("[%s]", header), LINE_HEADER, section);
	return section;
}

/* Return the place behind the last key or the header of a section. */
static unsigned int section_end(const struct config_edit *e, unsigned int section)
{
	unsigned int i, end = e->n;

	for (i = 0; i < e->n; i++)
		if (e->line[i].text && e->line[i].section == section &&
		    e->line[i].kind != LINE_OTHER)
			end = i + 1;
	return end;
}

void config_edit_remove(struct config_edit *e, unsigned int section)
{
	unsigned int end = section_end(e, section), i;

	for (i = 0; i < end; i++)
		if (e->line[i].section == section)
			line_remove(&e->line[i]);
	/* Only one of the empty lines around it stays. */
	for (; end < e->n && e->line[end].file == e->line[end - 1].file && e->line[end].text &&
	     !e->line[end].text[0]; end++)
		line_remove(&e->line[end]);
}

/* Return the length of the word that @text begins with up to @end. Skips spaces before it. */
static size_t word_find(const char **text, const char *end)
{
	size_t len;

	*text += strspn(*text, " \t");
	len = strcspn(*text, end);
	while (len && strchr(" \t", (*text)[len - 1]))
		len--;
	return len;
}

static bool key_is(const char *text, const char *key)
{
	size_t len = word_find(&text, "=");
	char word[64];

	return (size_t)snprintf(word, sizeof(word), "%.*s", (int)len, text) < sizeof(word) &&
	       spec_same_word(word, key);
}

/* Return the first line of a key in a section, before the line @end; @end if there is none. */
static unsigned int line_find(const struct config_edit *e, unsigned int section, const char *key,
			      unsigned int end)
{
	unsigned int i;

	for (i = 0; i < end; i++)
		if (e->line[i].text && e->line[i].section == section &&
		    e->line[i].kind == LINE_KEY && key_is(e->line[i].text, key))
			return i;
	return end;
}

/* Return the section of the template that a line of the key "template" names. */
static unsigned int template_find(const struct config_edit *e, const char *line)
{
	const char *name = strchr(line, '=') + 1, *header;
	size_t len = word_find(&name, "\r");
	unsigned int i;

	for (i = 0; i < e->n; i++) {
		if (!e->line[i].text || e->line[i].kind != LINE_HEADER ||
		    !header_is(e->line[i].text, "template"))
			continue;
		header = strstr(e->line[i].text, "template") + strlen("template");
		if (word_find(&header, "]") == len && !memcmp(header, name, len))
			return e->line[i].section;
	}
	return CONFIG_EDIT_NONE;
}

void config_edit_leave_template(struct config_edit *e, unsigned int section, const char *key)
{
	unsigned int end = section_end(e, section), place = end, i;
	unsigned int uses = line_find(e, section, "template", end), template;
	char word[64];

	if (uses == end)
		return;
	template = template_find(e, e->line[uses].text);
	if (line_find(e, template, key, e->n) == e->n)
		return;
	line_remove(&e->line[uses]);
	/* A template is above those that use it, so no line of it moves. */
	for (i = 0; i < uses; i++) {
		const char *text = e->line[i].text;

		if (!text || e->line[i].section != template || e->line[i].kind != LINE_KEY)
			continue;
		snprintf(word, sizeof(word), "%.*s", (int)word_find(&text, "="), text);
		if (line_find(e, section, word, end) == end)
			line_insert(e, place++, mem_string(text), LINE_KEY, section);
	}
}

void config_edit_set(struct config_edit *e, unsigned int section, const char *key,
		     char *const *value, unsigned int n)
{
	unsigned int place = CONFIG_EDIT_NONE, i;

	for (i = 0; i < e->n; i++) {
		struct line *line = &e->line[i];

		if (!line->text || line->section != section || line->kind != LINE_KEY ||
		    !key_is(line->text, key))
			continue;
		if (place == CONFIG_EDIT_NONE)
			place = i;
		line_remove(line);
	}
	if (place == CONFIG_EDIT_NONE)
		place = section_end(e, section);
	for (i = 0; i < n; i++)
		line_insert(e, place + i, mem_print("%s = %s", key, value[i]), LINE_KEY, section);
}

void config_edit_add(struct config_edit *e, unsigned int section, const char *line)
{
	line_insert(e, section_end(e, section), mem_string(line), LINE_KEY, section);
}

/* Return the text of a file, whose lines are from @from to @to. */
static char *file_text(const struct line *line, unsigned int from, unsigned int to, size_t *size)
{
	const struct line *last = NULL;
	char *text = NULL;
	FILE *out = open_memstream(&text, size);
	unsigned int i;

	if (!out)
		mem_out();
	for (i = from; i < to; i++) {
		if (!line[i].text)
			continue;
		fprintf(out, "%s\n", line[i].text);
		last = &line[i];
	}
	if (fclose(out))
		mem_out();
	/* Still the last one: nothing was put behind it. */
	if (last && last->open)
		text[--*size] = '\0';
	return text;
}

struct config_texts config_edit_end(struct config_edit *e)
{
	struct config_texts texts = { 0 };
	unsigned int i, from = 0, to;
	size_t size;
	char *text;

	for (i = 0; i < e->texts->n; i++, from = to) {
		for (to = from; to < e->n && e->line[to].file == i; to++)
			;
		text = file_text(e->line, from, to, &size);
		config_texts_add(&texts, e->texts->file[i].path, text, size);
		texts.file[i].missing = e->texts->file[i].missing;
	}
	for (i = 0; i < e->n; i++)
		free(e->line[i].text);
	free(e->line);
	free(e);
	return texts;
}
