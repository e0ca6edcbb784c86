// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl: parses the command line and runs commands. */

#include <stdio.h>
#include <string.h>

#include "nl/share.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "fault.h"
#include "out.h"
#include "nl/setting.h"
#include "text.h"

static const struct object objects[] = {
	{ "status", "whether all that is configured is served", status_verbs },
	{ "start", "serve what is configured", start_verbs },
	{ "stop", "serve nothing, so that file systems can be unmounted", stop_verbs },
	{ "upgrade", "the installed modules in place of the loaded ones", upgrade_verbs },
	{ "config", "what is configured, and what is served", config_verbs },
	{ "share", "what is served, to whom and how", share_verbs },
	{ "listener", "where protocols listen", listener_verbs },
	{ "server", "settings and state of the server", server_verbs },
	{ "client", "who is connected", client_verbs },
	{ "who", "who uses the server, one a line", who_verbs },
	{ "connection", "which connections there are, and their TLS", connection_verbs },
	{ "session", "who is logged in", session_verbs },
	{ "tree", "which shares sessions use", tree_verbs },
	{ "open", "what sessions have open", open_verbs },
	{ "job", "copies in the background", job_verbs },
	{ "offload", "data of files that is kept in object stores", offload_verbs },
	{ "trash", "files that clients have removed", trash_verbs },
	{ "worm", "files that nobody can change", worm_verbs },
	{ "scan", "content that a program looks at first", scan_verbs },
	{ "quota", "how much users, groups and projects may store", quota_verbs },
	{ "user", "who may log in with a password", user_verbs },
	{ "access", "what a user may do with a file, and why", access_verbs },
	{ "acl", "who may do what with a file", acl_verbs },
	{ "apple", "what macOS keeps beside files", apple_verbs },
	{ "lock", "what clients hold and wait for on which files", lock_verbs },
	{ "grace", "the time after a restart in which clients take back their locks", grace_verbs },
	{ "stats", "counters of operations", stats_verbs },
	{ "top", "what happens per second", top_verbs },
	{ "events", "what happens, as it happens", events_verbs },
	{ "trace", "which calls are slow, and what they wait for", trace_verbs },
	{ "cache", "what the server keeps in memory", cache_verbs },
	{ "announce", "the server as services that avahi-daemon announces", announce_verbs },
	{ NULL, NULL, NULL }
};

/* First words that are not objects. */
static const char *const others[] = { "help", "version" };

static const char *object_name(const void *arg, unsigned int i)
{
	size_t n = ARRAY_SIZE(objects) - 1;

	(void)arg;
	if (i < n)
		return objects[i].name;
	i -= n;
	return i < ARRAY_SIZE(others) ? others[i] : NULL;
}

static const char *verb_name(const void *arg, unsigned int i)
{
	return ((const struct verb *)arg)[i].name;
}

static void print_usage(FILE *out, const struct object *o)
{
	const struct verb *v;

	for (v = o->verbs; v->name; v++)
		fprintf(out, "  dittoctl %s%s%s%s%s\n", o->name, v->name[0] ? " " : "", v->name,
			v->usage[0] ? " " : "", v->usage);
}

static const struct object *find_object(const char *word)
{
	const struct object *o;

	for (o = objects; o->name; o++)
		if (!strcmp(o->name, word))
			return o;
	return NULL;
}

static int command_unknown(const struct ctl *ctl, const char *word)
{
	ctl_unknown(ctl, "command", word, text_nearest(word, object_name, NULL));
	if (!ctl->json)
		fputs("See: dittoctl help\n", stderr);
	return CTL_USAGE;
}

/* Explain the words of an object, for its help. */
static void print_values(const struct object *o)
{
	char values[256];
	unsigned int i;

	if (!strcmp(o->name, "share")) {
		printf("\nMODE is one of %s.\n",
		       spec_enum_all(&spec_squash_mode, values, sizeof(values)));
		puts("CLIENT is *, an address, a network such as 192.0.2.0/24,");
		puts("a host name with * and ?, @netgroup or cert:NAME. The first that matches");
		puts("decides; without rules nobody is served by AUTH_SYS of NFS. 'allow-all' is");
		puts("'allow any', which admits all machines, and 'no-rules' removes all rules.");
		printf("ACCESS is one of %s. Users and groups that are\n",
		       spec_enum_all(&spec_share_right, values, sizeof(values)));
		puts("given replace all previous ones; 'no-users' removes all.");
		puts("OPTION is one of:");
		for (i = 0; i < SHARE_OPTIONS; i++)
			printf("  %-24s%s\n", share_options[i].name,
			       setting_values(&share_options[i], values, sizeof(values)));
	} else if (!strcmp(o->name, "access")) {
		puts("\nPROTOCOL is smb, smb- and a kind of login, nfs, or nfs- and a security");
		puts("flavour.");
		printf("Kinds of logins are %s.\n",
		       spec_enum_all(&spec_login_kind, values, sizeof(values)));
		printf("Flavours are %s; nfs is nfs-sys.\n",
		       spec_enum_all(&spec_flavor, values, sizeof(values)));
	} else if (!strcmp(o->name, "acl")) {
		puts("\nENTRY is TYPE:WHO:RIGHTS[:FLAGS], or flags:FLAGS for the whole list.");
		printf("TYPE is one of %s.\n",
		       spec_enum_all(&spec_acl_entry_type, values, sizeof(values)));
		puts("WHO is user:NAME, group:NAME, sid:S-1-..., owner@, group@, everyone@,");
		puts("authenticated@, anonymous@, network@ or owner-rights@.");
		puts("RIGHTS are full, modify, read-execute, read, write, none, or some of");
		printf("%s.\n", spec_enum_all(&spec_acl_right, values, sizeof(values)));
		printf("FLAGS of an entry are some of\n%s,\n",
		       spec_enum_all(&spec_acl_entry_flag, values, sizeof(values)));
		printf("and of the list some of\n%s.\n",
		       spec_enum_all(&spec_acl_flag, values, sizeof(values)));
	} else if (!strcmp(o->name, "server")) {
		puts("\nKEY is one of:");
		for (i = 0; i < SETTINGS; i++)
			printf("  %-24s %s\n", settings[i].name,
			       setting_values(&settings[i], values, sizeof(values)));
		puts("  handle-key               16 bytes in hexadecimal");
	}
}

static int print_help(const struct ctl *ctl, char **words)
{
	const struct object *o;

	if (words[0]) {
		o = find_object(words[0]);
		if (!o)
			return command_unknown(ctl, words[0]);
		printf("%s: %s\n\n", o->name, o->about);
		print_usage(stdout, o);
		print_values(o);
		return CTL_OK;
	}
	puts("dittoctl [--json] COMMAND: configure the Ditto file server and see what it does\n");
	for (o = objects; o->name; o++) {
		print_usage(stdout, o);
		putchar('\n');
	}
	puts("  dittoctl help [COMMAND]\n  dittoctl version\n\nManual: man dittoctl");
	return CTL_OK;
}

/* Print the version of the tool, and of the module if it is loaded. */
static int version_print(struct ctl *ctl, char **words)
{
	struct nlattr *tb[DITTO_A_SERVER_MAX + 1];
	const char *module = NULL;
	struct nl_msg *reply = NULL;

	ctl->object = "version";
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	if (!conn_open(&ctl->conn) && !conn_find_family(&ctl->conn) &&
	    !conn_call(&ctl->conn, conn_message(&ctl->conn, DITTO_CMD_SERVER_GET), &reply) &&
	    reply && !msg_parse(reply, &spec_server_set, tb) && tb[DITTO_A_SERVER_VERSION])
		module = nla_get_string(tb[DITTO_A_SERVER_VERSION]);
	if (ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "dittoctl", DITTO_VERSION);
		json_number(stdout, "schema", JSON_SCHEMA);
		if (module)
			json_string(stdout, "module", module);
		json_close(stdout, '}');
		json_end(stdout);
	} else {
		printf("dittoctl %s\nditto.ko %s\n", DITTO_VERSION, module ?: "is not loaded");
	}
	if (reply)
		nlmsg_free(reply);
	return CTL_OK;
}

static bool is_help(const char *word)
{
	return word && (!strcmp(word, "--help") || !strcmp(word, "-h"));
}

static int run_object(struct ctl *ctl, const struct object *o, char **words)
{
	const struct verb *v = o->verbs;

	ctl->object = o->name;
	/* Also alone behind the verb. */
	if (is_help(words[0]) || (words[0] && is_help(words[1]) && !words[2]))
		return print_help(ctl, (char *[]){ (char *)o->name, NULL });
	if (!v->name[0])
		return v->run(ctl, words);
	if (!words[0]) {
		if (ctl->json)
			return ctl_usage(ctl, "a verb is missing");
		fprintf(stderr, "dittoctl: %s: a verb is missing:\n", o->name);
		print_usage(stderr, o);
		return CTL_USAGE;
	}
	for (; v->name; v++) {
		if (strcmp(v->name, words[0]))
			continue;
		ctl->verb = v->name;
		return v->run(ctl, words + 1);
	}
	return ctl_unknown(ctl, "command", words[0], text_nearest(words[0], verb_name, o->verbs));
}

static int command_run(struct ctl *ctl, char **words)
{
	const struct object *o;

	for (; *words && (*words)[0] == '-'; words++) {
		if (!strcmp(*words, "--json") || !strcmp(*words, "-j"))
			ctl->json = true;
		else if (is_help(*words))
			return print_help(ctl, words + 1);
		else if (!strcmp(*words, "--version") || !strcmp(*words, "-V"))
			return version_print(ctl, words + 1);
		else
			return ctl_usage(ctl, "there is no option '%s'", *words);
	}
	if (!*words) {
		print_help(ctl, words);
		return CTL_USAGE;
	}
	if (!strcmp(*words, "help"))
		return print_help(ctl, words + 1);
	if (!strcmp(*words, "version"))
		return version_print(ctl, words + 1);
	o = find_object(*words);
	return o ? run_object(ctl, o, words + 1) : command_unknown(ctl, *words);
}

/* "--json" is also accepted as the last word. */
static bool take_last_json(char **words)
{
	char **last = NULL;

	for (; *words; words++)
		last = words;
	if (!last || strcmp(*last, "--json"))
		return false;
	*last = NULL;
	return true;
}

int main(int argc, char **argv)
{
	struct ctl ctl = { 0 };
	int status;

	(void)argc;
	fault_init();
	ctl.json = take_last_json(argv + 1);
	status = command_run(&ctl, argv + 1);
	if (ctl.conn.sock)
		conn_close(&ctl.conn);
	if (fflush(stdout) || ferror(stdout)) {
		fputs("dittoctl: cannot write the output\n", stderr);
		return status ? status : CTL_REFUSED;
	}
	return status;
}
