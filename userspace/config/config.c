// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of the configuration file, which consists of sections of keys and values. Tables
 * describe the keys. All errors are reported, not only the first.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_sections.h"
#include "config_text.h"
#include "mem.h"

/* Limit of reported errors; further ones are mostly consequences. */
#define MISTAKES_MAX	50

static void config_mistake(struct parser *p, unsigned int line, const char *text)
{
	struct mistakes *m = p->mistakes;

	if (m->count == MISTAKES_MAX)
		return;
	m->text = mem_grow(m->text, m->count, sizeof(*m->text));
	m->text[m->count++] = mem_print("%s:%u: %s", p->name, line, text);
}

static const char *section_name(const void *arg, unsigned int i)
{
	(void)arg;
	return i < CONFIG_SECTIONS ? config_sections[i].name : NULL;
}

/* Return the i-th key that a section can contain. */
static const char *key_name(const void *arg, unsigned int i)
{
	const struct section *section = arg;

	if (section->settings && i < SETTINGS)
		return setting_name(NULL, i);
	if (section->settings)
		i -= SETTINGS;
	if (i < section->n)
		return section->keys[i].name;
	return section->options ? share_option_name(i - section->n) : NULL;
}

static void unknown_key(struct parser *p, const char *word)
{
	const char *near = text_nearest(word, key_name, p->section);
	char all[1024] = "";
	const char *known;
	unsigned int i;
	size_t len = 0;
	struct why why;

	for (i = 0; (known = key_name(p->section, i)) && len < sizeof(all); i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "", known);
	if (near)
		why_not(&why, "[%s] has no key '%s'; did you mean '%s'?", p->section->name, word,
			near);
	else
		why_not(&why, "[%s] has no key '%s': %s are allowed", p->section->name, word, all);
	config_mistake(p, p->line, why.text);
}

static void bad_value(struct parser *p, const char *word, const struct why *why)
{
	struct why full;

	why_not(&full, "%s: %s", word, why->text);
	config_mistake(p, p->line, full.text);
}

/* Note that a key occurred. Returns false, and reports an error, if it occurred before. */
static bool first_time(struct parser *p, unsigned int index, const char *word)
{
	struct why why;

	if (!p->seen[index]) {
		p->seen[index] = p->line;
		return true;
	}
	why_not(&why, "%s: is there already, in line %u", word, p->seen[index]);
	config_mistake(p, p->line, why.text);
	return false;
}

static void read_setting(struct parser *p, const char *word, const char *value)
{
	unsigned int id = setting_find(word);
	struct why why;

	if (id == SETTINGS) {
		unknown_key(p, word);
		return;
	}
	if (!first_time(p, p->section->n + id, word))
		return;
	p->cfg->given[id] = setting_read(&settings[id], value, &p->cfg->setting[id], &why);
	if (!p->cfg->given[id])
		bad_value(p, word, &why);
}

/* Keep a key that was read for the shares that use the template. */
static void template_add(struct parser *p, unsigned int key, const char *word, const char *value)
{
	struct template *t = &p->templates[p->ntemplates - 1];

	t->lines = mem_grow(t->lines, t->n, sizeof(*t->lines));
	t->lines[t->n++] = (struct template_line){ key, p->line, word, value };
}

/* Return the place of a key in the section's table, behind which the options are; -1 if none. */
static int key_find(const struct section *section, const char *word)
{
	const char *name;
	unsigned int i;

	for (i = 0; i < section->n; i++)
		if (spec_same_word(section->keys[i].name, word))
			return (int)i;
	for (; section->options && (name = share_option_name(i - section->n)); i++)
		if (spec_same_word(name, word))
			return (int)i;
	return -1;
}

static bool key_read(struct parser *p, unsigned int i, const char *word, const char *value,
		     struct why *why)
{
	const struct key *key = &p->section->keys[i];

	if (i >= p->section->n)
		return share_set_option(p->share, word, value, why);
	if (key->share)
		return key->share(p->share, value, why);
	if (key->listener)
		return key->listener(&p->listener, value, why);
	if (key->store)
		return key->store(p->store, key->name, value, why);
	if (key->policy)
		return key->policy(&p->policy, key->name, value, why);
	if (key->schedule)
		return key->schedule(&p->cfg->schedule, key->name, value, why);
	if (key->parser)
		return key->parser(p, value, why);
	return key->config(p->cfg, value, why);
}

static void read_key(struct parser *p, const char *word, const char *value)
{
	const struct section *section = p->section;
	int i = key_find(section, word);
	struct why why;

	if (i < 0) {
		if (section->settings)
			read_setting(p, word, value);
		else
			unknown_key(p, word);
		return;
	}
	if ((unsigned int)i < section->n && section->keys[i].repeats)
		p->seen[i] = p->line;
	else if (!first_time(p, (unsigned int)i, word))
		return;
	if (!key_read(p, (unsigned int)i, word, value, &why))
		bad_value(p, word, &why);
	else if (section_is_template(p))
		template_add(p, (unsigned int)i, word, value);
}

/* Give a share what its template says about keys that it does not have itself. */
static void use_template(struct parser *p)
{
	const struct template *t = p->uses;
	const char *name = p->name;
	unsigned int i;
	struct why why;

	p->name = t->file;
	for (i = 0; i < t->n; i++) {
		const struct template_line *l = &t->lines[i];

		p->line = l->line;
		if (!p->seen[l->key] && !key_read(p, l->key, l->word, l->value, &why))
			bad_value(p, l->word, &why);
	}
	p->name = name;
	p->uses = NULL;
}

static void end_section(struct parser *p)
{
	unsigned int line = p->line;
	struct why why;

	if (p->uses)
		use_template(p);
	p->line = line;
	if (p->section && p->section->end && !p->section->end(p, &why))
		config_mistake(p, p->header, why.text);
	p->section = NULL;
	memset(p->seen, 0, sizeof(p->seen));
}

static char *config_trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return text + strspn(text, " \t");
}

bool section_is_there(const struct parser *p, const char *what, const struct config_place *there,
		      struct why *why)
{
	if (strcmp(there->file, p->name))
		return why_not(why, "[%s] is there already, in %s:%u", what, there->file,
			       there->line);
	return why_not(why, "[%s] is there already, in line %u", what, there->line);
}

/* Note where the present section stands. Returns false and fills @why if it is elsewhere, too. */
static bool section_place(struct parser *p, const char *argument, struct why *why)
{
	const char *kind = p->section->name;
	struct config *cfg = p->cfg;
	const struct config_place *other = config_place_find(cfg, kind, argument);
	char *what;

	if (other && !p->section->repeats) {
		what = mem_print("%s%s%s", kind, *argument ? " " : "", argument);
		section_is_there(p, what, other, why);
		free(what);
		return false;
	}
	cfg->places = mem_grow(cfg->places, cfg->nplaces, sizeof(*cfg->places));
	cfg->places[cfg->nplaces++] = (struct config_place){
		kind, mem_string(argument), mem_string(p->name), p->line };
	return true;
}

/* Parse "name argument", the text inside the brackets. */
static void begin_section(struct parser *p, char *text)
{
	char *argument = text + strcspn(text, " \t");
	const char *near;
	struct why why;
	size_t i;

	if (*argument)
		*argument++ = '\0';
	argument = config_trim(argument);
	for (i = 0; i < CONFIG_SECTIONS && strcmp(config_sections[i].name, text); i++)
		;
	p->in_unknown = i == CONFIG_SECTIONS;
	if (p->in_unknown) {
		near = text_nearest(text, section_name, NULL);
		why_not(&why, near ? "there is no section [%s]; did you mean [%s]?" :
			"there is no section [%s]: [server], [listener PROTOCOL], [tls], [store NAME], [policy NAME], [schedule], [template NAME], [share NAME] and [homes] are allowed",
			text, near);
		config_mistake(p, p->line, why.text);
		return;
	}
	p->section = &config_sections[i];
	p->header = p->line;
	if (p->section->argument && !*argument) {
		why_not(&why, "[%s]: the %s is missing", text, p->section->argument);
		config_mistake(p, p->line, why.text);
	} else if (!p->section->argument && *argument) {
		why_not(&why, "[%s]: '%s' is one word too many", text, argument);
		config_mistake(p, p->line, why.text);
		argument = "";
	} else if (!section_place(p, argument, &why)) {
		config_mistake(p, p->line, why.text);
	}
	if (p->section->begin && !p->section->begin(p, argument, &why) && *argument)
		config_mistake(p, p->line, why.text);
}

static void read_line(struct parser *p, char *text)
{
	char *value;
	char *end;

	text = config_trim(text);
	if (!*text || *text == '#' || *text == ';')
		return;
	if (*text == '[') {
		end_section(p);
		end = text + strlen(text) - 1;
		if (*end != ']') {
			config_mistake(p, p->line,
				       "a section's ']' is missing at the end of the line");
			p->in_unknown = true;
			return;
		}
		*end = '\0';
		begin_section(p, config_trim(text + 1));
		return;
	}
	value = strchr(text, '=');
	if (!value || value == text) {
		config_mistake(p, p->line,
			       "neither a [section], nor 'key = value', nor a # comment");
		return;
	}
	*value++ = '\0';
	if (p->section)
		read_key(p, config_trim(text), config_trim(value));
	else if (!p->in_unknown)
		config_mistake(p, p->line, "a key before the first [section]");
}

static void store_missing(struct parser *p, const char *kind, const char *name, const char *key,
			  const char *store)
{
	const struct config_place *place = config_place_find(p->cfg, kind, name);
	struct why why;

	/* A section without a name is a mistake of its own. */
	if (!place)
		return;
	p->name = place->file;
	why_not(&why, "[%s %s]: %s: there is no [store %s]", kind, name, key, store);
	config_mistake(p, place->line, why.text);
}

/* Sections may be in any order, so this is checked after the last one. */
static void config_check_stores(struct parser *p)
{
	unsigned int i;

	for (i = 0; i < p->cfg->nshares; i++) {
		const struct share *s = p->cfg->shares[i];

		if (s->offload_store && !config_store(p->cfg, s->offload_store))
			store_missing(p, "share", s->name, "offload-store", s->offload_store);
	}
	for (i = 0; i < p->cfg->npolicies; i++) {
		const struct offload_policy *policy = &p->cfg->policies[i];

		if (policy->store[0] && !config_store(p->cfg, policy->store))
			store_missing(p, "policy", policy->name, "store", policy->store);
	}
}

/* A section ends with its file. */
static void read_file(struct parser *p, const char *name, char *text, size_t len)
{
	char *end = text + len;
	char *next;

	p->name = name;
	p->line = 0;
	for (; text < end; text = next) {
		size_t rest = (size_t)(end - text);
		char *newline = memchr(text, '\n', rest);

		p->line++;
		next = newline ? newline + 1 : end;
		if (memchr(text, '\0', (size_t)((newline ? newline : end) - text))) {
			config_mistake(p, p->line, "a NUL byte: this is not a text file");
			break;
		}
		if (newline)
			*newline = '\0';
		read_line(p, text);
	}
	end_section(p);
	p->in_unknown = false;
}

static struct config *parser_end(struct parser *p)
{
	config_check_stores(p);
	share_free(p->share);
	store_config_free(p->store);
	while (p->ntemplates)
		free(p->templates[--p->ntemplates].lines);
	free(p->templates);
	free(p->listener_places);
	if (!p->mistakes->count)
		return p->cfg;
	config_free(p->cfg);
	return NULL;
}

struct config *config_parse(const char *name, char *text, size_t len,
			    struct mistakes *mistakes)
{
	struct parser p = { .cfg = config_new(), .mistakes = mistakes };

	memset(mistakes, 0, sizeof(*mistakes));
	read_file(&p, name, text, len);
	return parser_end(&p);
}

struct config *config_texts_parse(const struct config_texts *texts, struct mistakes *mistakes)
{
	struct parser p = { .cfg = config_new(), .mistakes = mistakes };
	char **copy = mem_new(texts->n * sizeof(*copy));
	struct config *cfg;
	unsigned int i;

	memset(mistakes, 0, sizeof(*mistakes));
	p.cfg->stamp = texts->stamp;
	for (i = 0; i < texts->n; i++) {
		const struct config_text *file = &texts->file[i];

		copy[i] = mem_new(file->len + 1);
		memcpy(copy[i], file->text, file->len);
		read_file(&p, file->path, copy[i], file->len);
	}
	cfg = parser_end(&p);
	for (i = 0; i < texts->n; i++)
		free(copy[i]);
	free(copy);
	return cfg;
}
