/* SPDX-License-Identifier: GPL-2.0-only */
/* Common parts of the dittoctl commands, of one thread but for what ctl/offload/push.c says. */
#ifndef _DITTO_CTL_H
#define _DITTO_CTL_H

#include "common/types.h"
#include "nl/nl.h"

struct column;
struct count;
struct counts;
struct table;

/* Exit statuses. */
#define CTL_OK		0	/* success */
#define CTL_REFUSED	1	/* the request failed, or some of it */
#define CTL_USAGE	2	/* invalid command line; nothing was done */
#define CTL_DEGRADED	3	/* done; but something is not as it is configured */
#define CTL_NOT_RUNNING	4	/* status: nothing is served */

/**
 * struct ctl - one run of the tool
 * @conn: connection to the kernel; open after ctl_connect() has succeeded
 * @json: print JSON
 * @object: first word of the command, for messages
 * @verb: second word, or NULL
 * @error: result of the last ctl_do() or ctl_ask(): 0 or a negative errno
 */
struct ctl {
	struct conn conn;
	bool json;
	const char *object;
	const char *verb;
	int error;
};

/**
 * struct verb - an action on an object
 * @name: the word
 * @run: performs the action with the remaining words; returns an exit status
 * @usage: the remaining words, for help
 */
struct verb {
	const char *name;
	int (*run)(struct ctl *ctl, char **words);
	const char *usage;
};

/**
 * struct object - first word of a command
 * @name: the word
 * @about: description, for help
 * @verbs: actions; ends with an entry without name; an action called "" is run with all words
 */
struct object {
	const char *name;
	const char *about;
	const struct verb *verbs;
};

extern const struct verb config_verbs[];
extern const struct verb share_verbs[];
extern const struct verb listener_verbs[];
extern const struct verb server_verbs[];
extern const struct verb client_verbs[];
extern const struct verb who_verbs[];
extern const struct verb connection_verbs[];
extern const struct verb session_verbs[];
extern const struct verb open_verbs[];
extern const struct verb tree_verbs[];
extern const struct verb job_verbs[];
extern const struct verb offload_verbs[];
extern const struct verb trash_verbs[];
extern const struct verb worm_verbs[];
extern const struct verb scan_verbs[];
extern const struct verb quota_verbs[];
extern const struct verb user_verbs[];
extern const struct verb access_verbs[];
extern const struct verb acl_verbs[];
extern const struct verb apple_verbs[];
extern const struct verb lock_verbs[];
extern const struct verb grace_verbs[];
extern const struct verb stats_verbs[];
extern const struct verb top_verbs[];
extern const struct verb events_verbs[];
extern const struct verb trace_verbs[];
extern const struct verb cache_verbs[];
extern const struct verb announce_verbs[];
extern const struct verb status_verbs[];
extern const struct verb start_verbs[];
extern const struct verb stop_verbs[];
extern const struct verb upgrade_verbs[];

/*
 * Connect to the kernel and find the netlink family. Prints errors. Returns CTL_OK or
 * CTL_REFUSED.
 */
int ctl_connect(struct ctl *ctl);
/* Print an error about the command line. Returns CTL_USAGE. */
int ctl_usage(const struct ctl *ctl, const char *format, ...)
	__printf(2, 3);
/*
 * Print an error about an unknown word of some kind; @near is a similar known word, or NULL.
 * Returns CTL_USAGE.
 */
int ctl_unknown(const struct ctl *ctl, const char *kind, const char *word, const char *near);
/* Print an error of what was asked for. Returns CTL_REFUSED. */
int ctl_failed(const struct ctl *ctl, const char *format, ...)
	__printf(2, 3);
/* Print a warning about what is done all the same. */
void ctl_warn(const struct ctl *ctl, const char *format, ...)
	__printf(2, 3);
/* Print the error of the last request; @subject may be NULL. Returns CTL_REFUSED. */
int ctl_refused(const struct ctl *ctl, const char *subject);
/*
 * After a change: tell a person that it is gone at the next start of the server unless it is saved.
 * Scripts are told nothing. Returns @status, and does nothing unless that is CTL_OK.
 */
int ctl_lasts(const struct ctl *ctl, int status);
/* Print an error if words are left over. Returns CTL_OK if there are none, otherwise CTL_USAGE. */
int ctl_no_more(const struct ctl *ctl, char **words);

/**
 * ctl_do - connect, send one request and print errors
 * @ctl: this run
 * @cmd: the command
 * @put: adds the attributes; may be NULL
 * @arg: argument of @put
 * @subject: object of the request, for messages; may be NULL
 * @reply: filled with the reply, freed by the caller, or NULL; may be NULL
 *
 * Return: an exit status.
 */
int ctl_do(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
	   const void *arg, const char *subject, struct nl_msg **reply);
/*
 * Send one request over an open connection and print nothing; ctl_outcome() does. Returns 0 or a
 * negative errno, as ctl->error.
 */
int ctl_ask(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
	    const void *arg, struct nl_msg **reply);
/* Print the error or warning that ctl_ask() got. Returns an exit status. */
int ctl_outcome(const struct ctl *ctl, const char *subject);
/* The same as ctl_do(), but while the kernel answers that others are busy, ask again for a time. */
int ctl_do_retry(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
		 const void *arg, const char *subject, struct nl_msg **reply);
/*
 * Connect and list all objects. Returns an exit status; the caller frees @out with
 * replies_free().
 */
int ctl_list(struct ctl *ctl, u8 cmd, struct replies *out);
/* The cell of the time that 99 % of the requests did not reach. */
void table_slowest(struct table *t, const struct count *c);
/* Connect and read all counters. Returns an exit status; the caller calls counts_free(). */
int ctl_counts(struct ctl *ctl, struct counts *out);
/*
 * List the objects that the attributes of @put select; @subject is for messages, or NULL. Returns
 * the same as ctl_list().
 */
int ctl_list_some(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
		  const void *arg, const char *subject, struct replies *out);
/**
 * struct listing - format of a list
 * @cmd: command that lists the objects
 * @columns: columns of the table
 * @row: adds the cells of one reply, or none if the reply is malformed
 */
struct listing {
	u8 cmd;
	const struct column *columns;
	void (*row)(struct table *t, struct nl_msg *msg);
};

/*
 * Connect, list, and print as a table or JSON; @put and @subject as for ctl_list_some(), @put may
 * be NULL. Returns an exit status.
 */
int ctl_print(struct ctl *ctl, const struct listing *l,
	      void (*put)(struct nl_msg *msg, const void *arg), const void *arg,
	      const char *subject);
/*
 * The same, of what has all @words in the cells of its row. A word that begins with '-' is an error
 * of the command line.
 */
int ctl_print_matching(struct ctl *ctl, const struct listing *l,
		       void (*put)(struct nl_msg *msg, const void *arg), const void *arg,
		       const char *subject, char **words);
/* Check such words. Returns CTL_OK or CTL_USAGE. */
int ctl_check_words(const struct ctl *ctl, char **words);
/* Print a list as JSON. Returns an exit status. */
int ctl_json_list(const struct ctl *ctl, const struct replies *r, u8 cmd);

#endif
