/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dittoctl config import: what other servers serve, in the words of ditto.conf(5), with a report of
 * what has no such words. The files are read as text that anybody may have written. Nobody is
 * admitted whom the other server refuses: a share that cannot be described as narrowly is left out.
 */
#ifndef _DITTO_CTL_IMPORT_H
#define _DITTO_CTL_IMPORT_H

#include <stdio.h>

#include "common/text.h"

struct ctl;
struct mem_chain;
struct share;

enum import_verdict {
	IMPORT_MAPPED,
	IMPORT_NEEDLESS,
	IMPORT_LOST,
};

/**
 * struct import_source - a place in a file that is imported
 * @file: name of the file; lives as long as the import
 * @line: number of the line
 */
struct import_source {
	const char *file;
	unsigned int line;
};

/**
 * struct import_entry - a line of the report
 * @source: where it is
 * @what: what is there
 * @verdict: what becomes of it
 * @text: its counterpart, or why there is none
 * @place: its number in the report
 */
struct import_entry {
	struct import_source source;
	char *what;
	enum import_verdict verdict;
	char *text;
	unsigned int place;
};

/**
 * struct import_section - a section of ditto.conf(5)
 * @header: its header, such as "share data"
 * @share: checks the values of a share; NULL for other sections
 * @line: its keys and values
 * @n: entries of @line
 * @left_out: why it is not imported, or NULL
 */
struct import_section {
	char *header;
	struct share *share;
	char **line;
	unsigned int n;
	char *left_out;
};

/**
 * struct import - a run of the command
 * @entry: the report
 * @nentries: entries of @entry
 * @section: sections in the order of the file
 * @nsections: entries of @section
 * @file: names of the files that were read
 * @nfiles: entries of @file
 * @unnamed: shares whose names cannot be used
 * @unknown: users and groups that this machine does not know
 */
struct import {
	struct import_entry *entry;
	unsigned int nentries;
	struct import_section **section;
	unsigned int nsections;
	char **file;
	unsigned int nfiles;
	unsigned int unnamed;
	unsigned int unknown;
};

/* Say in the report what becomes of @what. */
void import_tell(struct import *im, const struct import_source *at, const char *what,
		 enum import_verdict verdict, const char *format, ...)
	__printf(5, 6);
/* Add a section: "server", "listener smb". */
struct import_section *import_section_add(struct import *im, const char *header);
/* Add a share, or return NULL with @why filled. */
struct import_section *import_share_add(struct import *im, const char *name, struct why *why);
/* Make a share the rule for the homes of users. */
void import_make_homes(struct import_section *s);
/* Give a key a value. Returns false and fills @why if ditto.conf(5) does not allow it. */
bool import_set(struct import_section *s, const char *key, const char *value, struct why *why);
/* Do not import a share; the first reason counts. */
void import_leave_out(struct import_section *s, const char *format, ...)
	__printf(2, 3);
/*
 * Read a file, which must be @regular or may be a pipe, too. Returns its text with a NUL behind it,
 * to be freed, and its name in @im for sources; or NULL with @why filled.
 */
char *import_file_read(struct import *im, const char *path, bool regular, const char **name,
		       struct why *why);
/* Blanks at the ends of lines and words. */
#define IMPORT_BLANKS	" \t\r"
/* Take @blanks off the ends of a text. Returns its beginning. */
char *import_trim(char *text, const char *blanks);
/* The network with a prefix in place of a mask such as 255.255.255.0, in the memory of @chain. */
const char *import_network(struct mem_chain **chain, const char *text);
/* Can a rule of a share name a client so, and does that mean the same? */
bool import_client_is_fit(const char *text);
/* Print the sections that are imported. */
void import_print(const struct import *im, FILE *out);
void import_free(struct import *im);

/*
 * The formats: read a file, or the usual ones if @path is NULL, and fill @im. They return false
 * with @why filled if nothing could be read.
 */
bool import_exports(struct import *im, const char *path, struct why *why);
/* What nfs.conf(5) says about all exports; @manage_gids stays if it says nothing. */
bool import_nfs_conf(struct import *im, const char *path, bool *manage_gids, struct why *why);
bool import_smb_conf(struct import *im, const char *path, struct why *why);
bool import_ksmbd_conf(struct import *im, const char *path, struct why *why);

/* Print what becomes of their options and parameters, as tables of Markdown. */
void import_exports_table(FILE *out);
void import_smb_table(FILE *out);

/* The commands. They return an exit status. */
int config_import(struct ctl *ctl, char **words);
int user_import(struct ctl *ctl, char **words);
/* The same with another account database. */
int accounts_import(struct ctl *ctl, char **words, const char *database);
/* Have dittod add sections to the configuration file. Returns an exit status. */
int config_add(struct ctl *ctl, const char *text);

#endif
