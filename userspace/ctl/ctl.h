/* SPDX-License-Identifier: GPL-2.0-only */
/* dittoctl: what its commands share. */
#ifndef _DITTO_CTL_H
#define _DITTO_CTL_H

#include "common/types.h"
#include "nl.h"

struct column;
struct table;

/* Exit statuses, those of ip(8). */
#define CTL_OK		0	/* done */
#define CTL_USAGE	1	/* the command line makes no sense; the kernel was not asked */
#define CTL_REFUSED	2	/* the kernel refused, or is not there */

/**
 * struct ctl - one run of the tool
 * @conn: to the kernel; open once ctl_connect() went well
 * @json: answer for programs
 * @object: first word of the command, for messages
 * @verb: second word, or NULL
 */
struct ctl {
	struct conn conn;
	bool json;
	const char *object;
	const char *verb;
};

/**
 * struct verb - what can be done with an object
 * @name: the word
 * @run: does it with the words behind; returns an exit status
 * @usage: the words behind, for help
 */
struct verb {
	const char *name;
	int (*run)(struct ctl *ctl, char **words);
	const char *usage;
};

/**
 * struct object - first word of a command
 * @name: the word
 * @about: what it is, for help
 * @verbs: ended by one without name; one called "" is run with all words
 */
struct object {
	const char *name;
	const char *about;
	const struct verb *verbs;
};

extern const struct verb share_verbs[];
extern const struct verb listener_verbs[];
extern const struct verb server_verbs[];
extern const struct verb client_verbs[];
extern const struct verb session_verbs[];
extern const struct verb open_verbs[];
extern const struct verb tree_verbs[];
extern const struct verb user_verbs[];
extern const struct verb lock_verbs[];
extern const struct verb grace_verbs[];
extern const struct verb stats_verbs[];
extern const struct verb top_verbs[];
extern const struct verb events_verbs[];
extern const struct verb cache_verbs[];
extern const struct verb status_verbs[];
extern const struct verb start_verbs[];
extern const struct verb stop_verbs[];

/* Open the connection and find the family; says what is wrong. CTL_OK or CTL_REFUSED. */
int ctl_connect(struct ctl *ctl);
/* Say what is wrong with the command line. Returns CTL_USAGE. */
int ctl_usage(const struct ctl *ctl, const char *format, ...)
	__printf(2, 3);
/* The same about a word of some kind that is not known; @near is what may be meant, or NULL. */
int ctl_unknown(const struct ctl *ctl, const char *kind, const char *word, const char *near);
/* Say what the kernel said; @subject may be NULL. Returns CTL_REFUSED. */
int ctl_refused(const struct ctl *ctl, const char *subject);
/* Complain about words that are left over. CTL_OK if there are none. */
int ctl_no_more(const struct ctl *ctl, char **words);

/**
 * ctl_do - connect, send one request, say what is wrong
 * @ctl: this run
 * @cmd: which command
 * @put: adds the attributes; may be NULL
 * @arg: for @put
 * @subject: what the request is about, for messages; may be NULL
 * @reply: receives the answer to be freed, or NULL; may be NULL
 *
 * Return: an exit status.
 */
int ctl_do(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
	   const void *arg, const char *subject, struct nl_msg **reply);
/* Connect and list. An exit status. */
int ctl_list(struct ctl *ctl, u8 cmd, struct replies *out);
/* The same of what @put says; @subject is for messages, or NULL. */
int ctl_list_some(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
		  const void *arg, const char *subject, struct replies *out);
/**
 * struct listing - how a list is printed
 * @cmd: lists
 * @columns: of the table
 * @row: adds the cells of one answer, or none if it makes no sense
 */
struct listing {
	u8 cmd;
	const struct column *columns;
	void (*row)(struct table *t, struct nl_msg *msg);
};

/*
 * Connect, list and print as a table or JSON; @put and @subject as for ctl_list_some(), @put may be
 * NULL. An exit status.
 */
int ctl_print(struct ctl *ctl, const struct listing *l,
	      void (*put)(struct nl_msg *msg, const void *arg), const void *arg,
	      const char *subject);
/* Write a list as JSON. An exit status. */
int ctl_json_list(const struct ctl *ctl, const struct replies *r, u8 cmd);

#endif
