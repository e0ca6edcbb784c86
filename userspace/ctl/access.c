// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl access */

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "acl_text.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "out.h"

/* Nobody's group, for numbers that no account has. */
#define ACCESS_NOGROUP	65534

/**
 * struct access_request - what is asked
 * @path: absolute path of the file
 * @share: name of the share, or NULL
 * @user: the user as he was named; NULL for a guest
 * @guest: a guest or anonymous user
 * @uid: number of the user
 * @gid: his group
 * @gids: his other groups
 * @ngids: entries of @gids
 * @client: address of the client; @client.len is 0 if none was given
 * @smb: the protocol is SMB, else NFS
 * @flavor: DITTO_FLAVOR_* bit, for NFS
 * @login: DITTO_LOGIN_KIND_* bit, for SMB; 0 if it was not given
 */
struct access_request {
	char *path;
	const char *share;
	const char *user;
	bool guest;
	u32 uid;
	u32 gid;
	gid_t *gids;
	int ngids;
	struct address client;
	bool smb;
	u32 flavor;
	u32 login;
};

static void access_put(struct nl_msg *msg, const void *arg)
{
	const struct access_request *r = arg;
	bool proven = r->smb || (r->flavor & ~(DITTO_FLAVOR_NONE | DITTO_FLAVOR_SYS));

	msg_put_string(msg, DITTO_A_ACCESS_PATH, r->path);
	if (r->share)
		msg_put_string(msg, DITTO_A_ACCESS_SHARE, r->share);
	if (r->guest) {
		msg_put_number(msg, &spec_access_set, DITTO_A_ACCESS_ANONYMOUS, 1);
	} else {
		msg_put_number(msg, &spec_access_set, DITTO_A_ACCESS_UID, r->uid);
		msg_put_number(msg, &spec_access_set, DITTO_A_ACCESS_GID, r->gid);
		msg_put(msg, DITTO_A_ACCESS_GIDS, r->gids, (size_t)r->ngids * sizeof(*r->gids));
		msg_put_number(msg, &spec_access_set, DITTO_A_ACCESS_PROVEN, proven);
	}
	msg_put_number(msg, &spec_access_set, DITTO_A_ACCESS_LOGINS, r->smb);
	if (r->flavor)
		msg_put_number(msg, &spec_access_set, DITTO_A_ACCESS_FLAVOR, r->flavor);
	if (r->login)
		msg_put_number(msg, &spec_access_set, DITTO_A_ACCESS_LOGIN, r->login);
	if (r->client.len)
		msg_put(msg, DITTO_A_ACCESS_ADDRESS, r->client.bytes, r->client.len);
}

/* Look up a user by name or number, with his groups. */
static bool user_find(struct access_request *r, const char *name, struct why *why)
{
	const struct passwd *user = getpwnam(name);
	u64 id = 0;
	int room;

	if (!user) {
		if (!name[0] || name[strspn(name, "0123456789")])
			return why_not(why, "there is no user '%s'", name);
		if (!text_number(name, 0, UINT32_MAX - 1, &id, why))
			return false;
		user = getpwuid((uid_t)id);
	}
	r->user = name;
	r->uid = user ? user->pw_uid : (u32)id;
	r->gid = user ? user->pw_gid : ACCESS_NOGROUP;
	if (!user)
		return true;
	/* The first call may tell how many there are. */
	for (room = 64; room <= 65536; room *= 2) {
		free(r->gids);
		r->gids = mem_new((size_t)room * sizeof(*r->gids));
		r->ngids = room;
		if (getgrouplist(user->pw_name, user->pw_gid, r->gids, &r->ngids) >= 0)
			return true;
	}
	return why_not(why, "user '%s' is in too many groups", name);
}

/* An address, or a host name of which the first address counts. */
static bool client_find(struct access_request *r, const char *name, struct why *why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	char text[NI_MAXHOST];
	struct addrinfo *found;
	struct why unused;
	int rc;

	if (text_address(name, &r->client, &unused) && r->client.len)
		return true;
	rc = getaddrinfo(name, NULL, &hints, &found);
	if (rc)
		return why_not(why, "%s: %s", name, gai_strerror(rc));
	rc = getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), NULL, 0,
			 NI_NUMERICHOST);
	freeaddrinfo(found);
	if (rc)
		return why_not(why, "%s: %s", name, gai_strerror(rc));
	text[strcspn(text, "%")] = '\0';
	return text_address(text, &r->client, why);
}

/* "nfs", or with a flavour "nfs-krb5", or "smb", or with a kind of login "smb-ntlm". */
static bool protocol_read(struct access_request *r, const char *text, struct why *why)
{
	char flavors[128], logins[128];
	bool with = strlen(text) > 4 && text[3] == '-';

	r->smb = !strncmp(text, "smb", 3);
	r->login = 0;
	r->flavor = r->smb ? 0 : DITTO_FLAVOR_SYS;
	if (!strcmp(text, "smb") || !strcmp(text, "nfs"))
		return true;
	if (with && r->smb && spec_enum_value(&spec_login_kind, text + 4) >= 0) {
		r->login = (u32)spec_enum_value(&spec_login_kind, text + 4);
		return true;
	}
	if (with && !strncmp(text, "nfs", 3) && spec_enum_value(&spec_flavor, text + 4) >= 0) {
		r->flavor = (u32)spec_enum_value(&spec_flavor, text + 4);
		return true;
	}
	return why_not(why,
		       "'%s' is not allowed: smb, smb- and one of %s, nfs, or nfs- and one of %s is",
		       text, spec_enum_all(&spec_login_kind, logins, sizeof(logins)),
		       spec_enum_all(&spec_flavor, flavors, sizeof(flavors)));
}

static int access_read_words(struct ctl *ctl, char **words, struct access_request *r)
{
	struct why why;
	bool good;

	for (; *words && (*words)[0] == '-'; words++) {
		const char *option = *words;

		if (!strcmp(option, "--json")) {
			ctl->json = true;
			continue;
		}
		if (!strcmp(option, "--guest")) {
			r->guest = true;
			continue;
		}
		if (!words[1])
			return ctl_usage(ctl, "a word is missing behind '%s'", option);
		words++;
		if (!strcmp(option, "--user"))
			good = user_find(r, *words, &why);
		else if (!strcmp(option, "--client"))
			good = client_find(r, *words, &why);
		else if (!strcmp(option, "--protocol"))
			good = protocol_read(r, *words, &why);
		else if (!strcmp(option, "--share"))
			good = (r->share = *words);
		else
			good = why_not(&why, "there is no option '%s'", option);
		if (!good)
			return ctl_usage(ctl, "%s", why.text);
	}
	if (!r->user == !r->guest)
		return ctl_usage(ctl, "either --user or --guest is needed");
	if (r->guest && r->flavor && r->flavor != DITTO_FLAVOR_NONE)
		r->flavor = DITTO_FLAVOR_NONE;
	if (!*words)
		return ctl_usage(ctl, "the path of the file is needed");
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	r->path = realpath(*words, NULL);
	if (!r->path)
		return ctl_usage(ctl, "%s: %s", *words, strerror(errno));
	if (strlen(r->path) > spec_access_set.attrs[DITTO_A_ACCESS_PATH].max_len)
		return ctl_usage(ctl, "%s: the path is too long", *words);
	return CTL_OK;
}

static u32 access_number(struct nlattr **tb, unsigned int type)
{
	return tb[type] ? nla_get_u32(tb[type]) : 0;
}

static bool access_flag(struct nlattr **tb, unsigned int type)
{
	return tb[type] && nla_get_u8(tb[type]);
}

static void print_rule(const struct access_request *r, struct nlattr **tb)
{
	const char *access = spec_enum_name(&spec_access_right,
					    access_number(tb, DITTO_A_ACCESS_RULE_ACCESS));

	fputs("client     ", stdout);
	if (!r->client.len)
		puts("not given: client rules are left out");
	else if (tb[DITTO_A_ACCESS_RULE])
		printf("rule %u, %s: %s\n", access_number(tb, DITTO_A_ACCESS_RULE_NUMBER),
		       nla_get_string(tb[DITTO_A_ACCESS_RULE]), access);
	else if (access_flag(tb, DITTO_A_ACCESS_HAS_RULES))
		puts("no rule of the share is for it");
	else
		puts("the share has no client rules: only users who prove who they are, write");
}

/* Names of the kinds of logins, separated by commas. */
static void logins_text(u32 logins, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < 32 && at < size; i++)
		if (logins & (1U << i))
			at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "",
					       spec_enum_name(&spec_login_kind, i));
}

static void print_refusal(const struct access_request *r, struct nlattr **tb)
{
	u32 why = access_number(tb, DITTO_A_ACCESS_REFUSED);
	char flavor[OUT_VALUE_MAX], logins[128], login[64];
	bool no_rules;

	switch (why) {
	case DITTO_ACCESS_REFUSAL_RULE:
		puts("refused    the client rules do not let this client in");
		break;
	case DITTO_ACCESS_REFUSAL_FLAVOR:
		snprintf(flavor, sizeof(flavor), "%s",
			 spec_enum_name(&spec_flavor, (u64)__builtin_ctz(r->flavor)));
		no_rules = !access_flag(tb, DITTO_A_ACCESS_HAS_RULES) &&
			   r->flavor & (DITTO_FLAVOR_NONE | DITTO_FLAVOR_SYS);
		printf("refused    the share %sdoes not accept the security flavour %s%s\n",
		       no_rules ? "has no client rules, so it " : "", flavor,
		       no_rules ? ": add one (allow)" : " (see sec and protocols)");
		break;
	case DITTO_ACCESS_REFUSAL_LOGIN:
		logins_text(access_number(tb, DITTO_A_ACCESS_LOGIN), logins, sizeof(logins));
		logins_text(r->guest ? DITTO_LOGIN_KIND_GUEST : r->login, login, sizeof(login));
		printf("refused    the share's option auth takes logins by %s, not by %s\n",
		       logins, login);
		break;
	case DITTO_ACCESS_REFUSAL_GUEST:
		puts("refused    the share lets no guest in");
		break;
	default:
		puts("refused    the share users give this user no access");
	}
}

static const char *grant_sid(struct nlattr **tb, char sid[TEXT_SID_MAX])
{
	struct nlattr *nla = tb[DITTO_A_ACCESS_GRANT_SID];

	return nla ? text_from_sid(nla_data(nla), (size_t)nla_len(nla), sid) : "?";
}

/* Without the kind of login in the request, the answer holds only for those that are taken. */
static void print_logins(const struct access_request *r, struct nlattr **tb)
{
	u32 taken = access_number(tb, DITTO_A_ACCESS_LOGIN);
	char text[128];

	if (!tb[DITTO_A_ACCESS_LOGIN] || r->login || r->guest ||
	    !(~taken & (DITTO_LOGIN_KIND_KERBEROS | DITTO_LOGIN_KIND_NTLM)))
		return;
	logins_text(taken, text, sizeof(text));
	printf("login      %s only, by the share's option auth\n", text);
}

static void print_grant(struct nlattr **tb)
{
	const char *access = spec_enum_name(&spec_share_right,
					    access_number(tb, DITTO_A_ACCESS_GRANT));
	u32 id = access_number(tb, DITTO_A_ACCESS_GRANT_ID);
	char sid[TEXT_SID_MAX];
	char *name;

	if (!tb[DITTO_A_ACCESS_GRANT])
		return;
	switch (access_number(tb, DITTO_A_ACCESS_GRANT_BY)) {
	case DITTO_GRANT_SOURCE_USER:
		name = acl_user_text(id);
		printf("share      user %s=%s", name, access);
		free(name);
		break;
	case DITTO_GRANT_SOURCE_GROUP:
		name = acl_group_text(id);
		printf("share      group %s=%s", name, access);
		free(name);
		break;
	case DITTO_GRANT_SOURCE_SID:
		printf("share      %s=%s", grant_sid(tb, sid), access);
		break;
	case DITTO_GRANT_SOURCE_UNDECIDED_SID:
		printf("share      %s=%s, since no directory tells whether it is his",
		       grant_sid(tb, sid), access);
		break;
	default:
		printf("share      default-access %s", access);
	}
	if (access_number(tb, DITTO_A_ACCESS_GRANT) == DITTO_SHARE_RIGHT_ADMIN &&
	    !access_flag(tb, DITTO_A_ACCESS_ADMIN))
		fputs(", which is write for a user who did not prove who he is", stdout);
	puts(access_flag(tb, DITTO_A_ACCESS_READ_ONLY) ? "; the share is read-only" : "");
}

static void print_acting(struct nlattr **tb)
{
	u32 uid = access_number(tb, DITTO_A_ACCESS_ACTING_UID);
	char *user = acl_user_text(uid);
	char *group = acl_group_text(access_number(tb, DITTO_A_ACCESS_ACTING_GID));
	const struct nlattr *gids = tb[DITTO_A_ACCESS_ACTING_GIDS];
	u32 gid;
	int i;

	printf("acts as    %s, group %s", user, group);
	for (i = 0; gids && i + 4 <= nla_len(gids); i += 4) {
		char *name;

		memcpy(&gid, (char *)nla_data(gids) + i, sizeof(gid));
		name = acl_group_text(gid);
		printf("%s %s", i ? "," : ", groups", name);
		free(name);
	}
	printf("; squash %s\n",
	       spec_enum_name(&spec_squash_mode, access_number(tb, DITTO_A_ACCESS_SQUASH)));
	if (access_flag(tb, DITTO_A_ACCESS_GUEST))
		puts("           the anonymous user of the share");
	if (access_flag(tb, DITTO_A_ACCESS_ADMIN))
		puts("           with the privileges of an administrator of the share");
	if (access_number(tb, DITTO_A_ACCESS_PRIVILEGES) & DITTO_TOKEN_PRIVILEGE_RESTORE)
		puts("           may take ownership, and back up and restore whatever the rights");
	free(user);
	free(group);
}

/* "r-x" */
static void bits_text(u32 bits, char out[4])
{
	snprintf(out, 4, "%c%c%c", bits & DITTO_MODE_BIT_READ ? 'r' : '-',
		 bits & DITTO_MODE_BIT_WRITE ? 'w' : '-',
		 bits & DITTO_MODE_BIT_EXECUTE ? 'x' : '-');
}

/* The part of a mode or POSIX ACL that decides. */
static char *mode_text(struct nlattr **tb)
{
	u32 id = access_number(tb, DITTO_A_DECISION_CLASS_ID);
	char have[4], need[4];
	char *name, *text;

	bits_text(access_number(tb, DITTO_A_DECISION_BITS), have);
	bits_text(access_number(tb, DITTO_A_DECISION_NEED), need);
	switch (access_number(tb, DITTO_A_DECISION_CLASS)) {
	case DITTO_ACCESS_CLASS_OWNER:
		name = mem_string("the owner has");
		break;
	case DITTO_ACCESS_CLASS_USER:
		text = acl_user_text(id);
		name = mem_print("user %s of the POSIX ACL has", text);
		free(text);
		break;
	case DITTO_ACCESS_CLASS_GROUP:
		name = mem_string("the group has");
		break;
	case DITTO_ACCESS_CLASS_NAMED_GROUP:
		text = acl_group_text(id);
		name = mem_print("group %s of the POSIX ACL has", text);
		free(text);
		break;
	default:
		name = mem_string("others have");
	}
	text = mem_print("%s %s, %s is needed", name, have, need);
	free(name);
	return text;
}

/* An entry with its number: "entry 2, deny:user:bob:write". */
static char *numbered_text(struct nlattr **tb, unsigned int number, unsigned int ace)
{
	struct acl_entry entry;
	char *text, *out;

	if (!tb[number] || !tb[ace] || !acl_entry_from(&entry, tb[ace]))
		return NULL;
	text = acl_entry_text(&entry);
	out = mem_print("entry %u, %s", nla_get_u32(tb[number]), text);
	free(text);
	return out;
}

/* The decisions of a list. */
static char *list_text(struct nlattr **tb)
{
	char *text = numbered_text(tb, DITTO_A_DECISION_NUMBER, DITTO_A_DECISION_ACE);

	if (text)
		return text;
	if (access_flag(tb, DITTO_A_DECISION_BY_OWNER))
		return mem_string("the list does not, but the owner may in any case");
	if (access_flag(tb, DITTO_A_DECISION_NO_LIST))
		return mem_string("the list allows everything to everybody");
	return mem_string("no entry of the list allows it");
}

/* The decision of the directory, and why it had to be asked. */
static char *parent_text(struct nlattr **tb, char *decided)
{
	char *own = numbered_text(tb, DITTO_A_DECISION_OWN_NUMBER, DITTO_A_DECISION_OWN_ACE);
	char *text;

	if (own)
		text = mem_print("the directory: %s; the file: %s", decided, own);
	else if (access_flag(tb, DITTO_A_DECISION_OWN_LIST))
		text = mem_print("the directory: %s; the file: no entry of the list allows it",
				 decided);
	else
		text = mem_print("the directory: %s", decided);
	free(own);
	free(decided);
	return text;
}

static char *reason_text(struct nlattr **tb)
{
	static const char *const reasons[] = {
		[DITTO_ACCESS_REASON_UNKNOWN] = "?",
		[DITTO_ACCESS_REASON_EVERYBODY] =
			"everybody who reaches it, as it has no list",
		[DITTO_ACCESS_REASON_OWNER] = "it has no list, so the owner may, and nobody else",
		[DITTO_ACCESS_REASON_ADMINISTRATOR] = "an administrator of the share",
		[DITTO_ACCESS_REASON_TRAVERSE] =
			"lists do not keep users who logged in from passing",
		[DITTO_ACCESS_REASON_NO_MEANING] = "it has no meaning here",
		[DITTO_ACCESS_REASON_READ_ONLY] = "only reading is allowed in the share",
		[DITTO_ACCESS_REASON_READ_ONLY_MOUNT] = "the mount of the share is read-only",
		[DITTO_ACCESS_REASON_IMMUTABLE] = "the file is immutable",
		[DITTO_ACCESS_REASON_APPEND_ONLY] = "append-only",
		[DITTO_ACCESS_REASON_STICKY] = "the directory is sticky: only owners may",
		[DITTO_ACCESS_REASON_ROOT] = "it is the root of the share",
		[DITTO_ACCESS_REASON_KERNEL] =
			"the kernel: mount options, the file system or a security module",
		[DITTO_ACCESS_REASON_PRIVILEGE] = "administrators may take ownership",
	};
	u32 reason = access_number(tb, DITTO_A_DECISION_REASON);

	switch (reason) {
	case DITTO_ACCESS_REASON_LIST:
		return list_text(tb);
	case DITTO_ACCESS_REASON_MODE:
		return mode_text(tb);
	case DITTO_ACCESS_REASON_PARENT_LIST:
		return parent_text(tb, list_text(tb));
	case DITTO_ACCESS_REASON_PARENT_MODE:
		return parent_text(tb, mode_text(tb));
	default:
		return mem_string(reason < ARRAY_SIZE(reasons) && reasons[reason] ?
				  reasons[reason] : "?");
	}
}

static const struct column step_columns[] = {
	{ "DIRECTORY", false }, { "PASSES", false }, { "WHY", false }, { NULL, false }
};

static const struct column right_columns[] = {
	{ "RIGHT", false }, { "MAY", false }, { "WHY", false }, { NULL, false }
};

/*
 * Fill a table with all decisions of a type. @stop is filled with the first directory that does not
 * let the user pass, to be freed, or NULL. Returns false if the reply is malformed.
 */
static bool decisions_fill(struct table *t, struct nl_msg *reply, int type, char **stop)
{
	struct nlattr *nla, *tb[DITTO_A_DECISION_MAX + 1];
	char *where = mem_string("");
	int rest;

	*stop = NULL;
	nlmsg_for_each_attr(nla, nlmsg_hdr(reply), GENL_HDRLEN, rest) {
		char *why, *longer;

		if (nla_type(nla) != type)
			continue;
		if (nla_parse_nested(tb, DITTO_A_DECISION_MAX, nla, spec_decision_set.policy) < 0)
			break;
		if (type == DITTO_A_ACCESS_STEP) {
			longer = mem_print("%s%s/", where, tb[DITTO_A_DECISION_NAME] ?
					   nla_get_string(tb[DITTO_A_DECISION_NAME]) : "?");
			free(where);
			where = longer;
			table_cell(t, "%s", where);
			if (!*stop && !access_flag(tb, DITTO_A_DECISION_GRANTED))
				*stop = mem_string(where);
		} else {
			table_cell(t, "%s",
				   spec_enum_name(&spec_acl_right,
						  access_number(tb, DITTO_A_DECISION_RIGHT)));
		}
		table_cell(t, "%s", access_flag(tb, DITTO_A_DECISION_GRANTED) ? "yes" : "no");
		why = reason_text(tb);
		table_cell(t, "%s", why);
		free(why);
	}
	free(where);
	return !rest;
}

/* True if a right was decided against the user by a mode or list. */
static bool is_denied(struct nl_msg *reply, u32 right)
{
	struct nlattr *nla, *tb[DITTO_A_DECISION_MAX + 1];
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(reply), GENL_HDRLEN, rest) {
		u32 reason;

		if (nla_type(nla) != DITTO_A_ACCESS_DECISION ||
		    nla_parse_nested(tb, DITTO_A_DECISION_MAX, nla, spec_decision_set.policy) < 0 ||
		    (1U << access_number(tb, DITTO_A_DECISION_RIGHT)) != right)
			continue;
		reason = access_number(tb, DITTO_A_DECISION_REASON);
		return !access_flag(tb, DITTO_A_DECISION_GRANTED) &&
		       (reason == DITTO_ACCESS_REASON_LIST || reason == DITTO_ACCESS_REASON_MODE);
	}
	return false;
}

static bool access_print(const struct access_request *r, struct nl_msg *reply, struct nlattr **tb)
{
	char *path = text_printable(nla_get_string(tb[DITTO_A_ACCESS_PATH]));
	struct table *steps, *rights;
	char *stop, *none;
	bool good;

	printf("file       %s\nshare      %s\n", path, nla_get_string(tb[DITTO_A_ACCESS_SHARE]));
	free(path);
	print_rule(r, tb);
	print_grant(tb);
	if (tb[DITTO_A_ACCESS_REFUSED]) {
		print_refusal(r, tb);
		return true;
	}
	print_logins(r, tb);
	print_acting(tb);
	steps = table_new(step_columns);
	good = decisions_fill(steps, reply, DITTO_A_ACCESS_STEP, &stop);
	putchar('\n');
	table_end(steps, stdout);
	if (stop) {
		text_make_printable(stop);
		printf("\nThe file is out of reach: %s does not let the user pass. Otherwise:\n",
		       stop);
	}
	free(stop);
	rights = table_new(right_columns);
	good = decisions_fill(rights, reply, DITTO_A_ACCESS_DECISION, &none) && good;
	putchar('\n');
	table_end(rights, stdout);
	if (!r->smb && access_flag(tb, DITTO_A_ACCESS_OWNS) &&
	    !access_flag(tb, DITTO_A_ACCESS_DIRECTORY) &&
	    (is_denied(reply, DITTO_ACL_RIGHT_READ_DATA) ||
	     is_denied(reply, DITTO_ACL_RIGHT_WRITE_DATA)))
		puts("\nThe owner can read and write the file by NFSv3 all the same:\n"
		     "without opens, that trusts the check at the client's open.");
	return good;
}

static int access_check(struct ctl *ctl, char **words)
{
	struct access_request r = { .flavor = DITTO_FLAVOR_SYS };
	struct nlattr *tb[DITTO_A_ACCESS_MAX + 1];
	struct nl_msg *reply = NULL;
	bool good;
	int status;

	status = access_read_words(ctl, words, &r);
	if (!status)
		status = ctl_do_retry(ctl, DITTO_CMD_ACCESS_CHECK, access_put, &r, r.path, &reply);
	if (status)
		goto free;
	good = reply && !msg_parse(reply, &spec_access_set, tb) && tb[DITTO_A_ACCESS_PATH] &&
	       tb[DITTO_A_ACCESS_SHARE];
	if (good && ctl->json) {
		good = json_message(stdout, reply, &spec_ops[DITTO_CMD_ACCESS_CHECK]);
		json_end(stdout);
	} else if (good) {
		good = access_print(&r, reply, tb);
	}
	if (!good) {
		why_not(&ctl->conn.why, "this version does not understand the kernel's answer");
		status = ctl_refused(ctl, r.path);
	}
free:
	if (reply)
		nlmsg_free(reply);
	free(r.path);
	free(r.gids);
	return status;
}

const struct verb access_verbs[] = {
	{ "check", access_check,
	  "--user USER|--guest [--client CLIENT] [--protocol PROTOCOL]\n"
	  "            [--share NAME] PATH" },
	{ NULL, NULL, NULL }
};
