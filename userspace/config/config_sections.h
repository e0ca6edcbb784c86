/* SPDX-License-Identifier: GPL-2.0-only */
/* Sections of the configuration file: what they are called, and what their keys do. */
#ifndef _DITTOD_CONFIG_SECTIONS_H
#define _DITTOD_CONFIG_SECTIONS_H

#include "config.h"

/* Most keys of one kind of section: a share's. */
#define CONFIG_KEYS_MAX	(24 + SETTINGS)
/* Kinds of sections. */
#define CONFIG_SECTIONS	9

struct parser;

/**
 * struct key - a key of a section
 * @name: name of the key
 * @repeats: may occur several times
 * @share: parses the value into the section's share, or NULL
 * @listener: parses the value into the section's listener, or NULL
 * @store: parses the value of the key into the section's store, or NULL
 * @policy: parses the value of the key into the section's policy, or NULL
 * @schedule: parses the value of the key into the schedule, or NULL
 * @parser: parses a value that means something in the file alone, or NULL
 * @config: parses the value into the configuration, or NULL
 */
struct key {
	const char *name;
	bool repeats;
	bool (*share)(struct share *s, const char *value, struct why *why);
	bool (*listener)(struct listener *l, const char *value, struct why *why);
	bool (*store)(struct store_config *s, const char *key, const char *value,
		      struct why *why);
	bool (*policy)(struct offload_policy *p, const char *key, const char *value,
		       struct why *why);
	bool (*schedule)(struct offload_schedule *s, const char *key, const char *value,
			 struct why *why);
	bool (*parser)(struct parser *p, const char *value, struct why *why);
	bool (*config)(struct config *cfg, const char *value, struct why *why);
};

/**
 * struct section - a kind of section
 * @name: first word in the brackets
 * @argument: meaning of the second word; NULL if there is none
 * @keys: its keys
 * @begin: called with the second word at the start of a section, or NULL
 * @end: checks and stores the complete section, or NULL
 * @n: number of entries in @keys
 * @repeats: sections with the same second word may occur
 * @options: numbers among the options of shares are keys, too
 * @settings: settings of the kernel are keys, too
 */
struct section {
	const char *name;
	const char *argument;
	const struct key *keys;
	bool (*begin)(struct parser *p, const char *argument, struct why *why);
	bool (*end)(struct parser *p, struct why *why);
	unsigned int n;
	bool repeats;
	bool options;
	bool settings;
};

/**
 * struct template_line - a key of a template
 * @key: number of the key in the section's table; then options
 * @line: its line
 * @word: the key as it was written
 * @value: its value
 */
struct template_line {
	unsigned int key;
	unsigned int line;
	const char *word;
	const char *value;
};

/**
 * struct template - what several shares have in common
 * @name: second word of its header
 * @file: name of its file
 * @lines: its keys, in their order
 * @n: number of entries in @lines
 */
struct template {
	const char *name;
	const char *file;
	struct template_line *lines;
	unsigned int n;
};

/**
 * struct parser - state of the parser
 * @name: name of the file
 * @line: number of the present line
 * @cfg: the resulting configuration
 * @mistakes: the errors found
 * @section: the present section; NULL before the first one and in an unknown one
 * @header: line of the section's header
 * @in_unknown: the section is unknown, so its keys are not checked
 * @seen: line of each key that occurred in the section, in the order of its table; then options
 *	or settings
 * @share: share of the present section
 * @uses: the template that the share uses, or NULL
 * @templates: the templates so far; their texts are the file's
 * @ntemplates: number of entries in @templates
 * @listener: listener of the present section
 * @listener_places: where each listener of @cfg stands, in @cfg->places
 * @store: store of the present section
 * @policy: policy of the present section
 */
struct parser {
	const char *name;
	unsigned int line;
	struct config *cfg;
	struct mistakes *mistakes;
	const struct section *section;
	unsigned int header;
	bool in_unknown;
	unsigned int seen[CONFIG_KEYS_MAX];
	struct share *share;
	const struct template *uses;
	struct template *templates;
	unsigned int ntemplates;
	struct listener listener;
	unsigned int *listener_places;
	struct store_config *store;
	struct offload_policy policy;
};

extern const struct section config_sections[CONFIG_SECTIONS];

/* Fill @why with where the section stands that @what names, too. Returns false. */
bool section_is_there(const struct parser *p, const char *what, const struct config_place *there,
		      struct why *why);
/* True if the present section is a template. */
bool section_is_template(const struct parser *p);

#endif
