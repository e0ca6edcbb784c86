// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks winbind about proofs, by Samba's libwbclient. As identity/winbind.c does, this loads the
 * library when it is needed first, and describes its stable interface itself, so that Ditto neither
 * depends on Samba nor is built with it. The library is thread-safe: each thread has a connection
 * to winbindd.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/library.h"
#include "auth/nt_status.h"
#include "ntlm.h"
#include "ntlm_winbind.h"

/* Seconds until winbind is asked again for the domain that the machine has joined, or has not. */
#define JOINED_TIME			600
#define JOINED_RETRY			5

/* Results of the library. */
#define WBC_SUCCESS			0
#define WBC_WINBIND_NOT_AVAILABLE	6
#define WBC_AUTH_ERROR			10

/* Level of struct wbc_auth_params: a challenge and its responses. */
#define WBC_LEVEL_RESPONSE		3
/* Bits of its @parameter_control: accounts of machines may log in, too. */
#define WBC_ALLOW_SERVER_TRUST		0x020
#define WBC_ALLOW_WORKSTATION_TRUST	0x800
/* Bit of @user_flags of struct wbc_auth_info: the user is not the one that was asked about. */
#define WBC_USER_GUEST			0x1

/* Interface of the library, version 0. */
struct wbc_auth_params {
	const char *account;
	const char *domain;
	const char *workstation;
	u32 flags;
	u32 parameter_control;
	int level;
	union {
		const char *plaintext;
		u8 hashes[2][16];
		struct {
			u8 challenge[NTLM_CHALLENGE_SIZE];
			u32 nt_len;
			const u8 *nt;
			u32 lm_len;
			const u8 *lm;
		} response;
		struct {
			const u8 *data;
			size_t len;
		} pac;
	};
};

struct wbc_auth_sid {
	u8 revision;
	u8 nsubs;
	u8 authority[6];
	u32 sub[SID_SUBS_MAX];
	u32 attributes;
};

struct wbc_auth_info {
	u32 user_flags;
	char *account;
	char *principal;
	char *full_name;
	char *domain;
	char *dns_domain;
	u32 account_flags;
	u8 session_key[NTLM_KEY_SIZE];
	u8 lm_session_key[8];
	u16 logon_count;
	u16 bad_password_count;
	u64 times[6];
	char *texts[5];
	u32 nsids;
	struct wbc_auth_sid *sids;
};

/* Beginning of the structure; the library allocates it. */
struct wbc_auth_error {
	u32 nt_status;
	char *nt_name;
	int pam_error;
	char *text;
};

struct wbc_auth_interface {
	u32 version;
	char *winbind_version;
	char separator;
	char *machine;
	char *domain;
	char *dns_domain;
};

static struct {
	int (*authenticate)(const struct wbc_auth_params *params, struct wbc_auth_info **info,
			    struct wbc_auth_error **error);
	int (*interface_details)(struct wbc_auth_interface **details);
	void (*free)(void *memory);
} wbc;

static const struct library_function functions[] = {
	{ "wbcAuthenticateUserEx", &wbc.authenticate },
	{ "wbcInterfaceDetails", &wbc.interface_details },
	{ "wbcFreeMemory", &wbc.free },
	{ }
};

static struct library library = {
	.file = "libwbclient.so.0",
	.package = "libwbclient0",
	.functions = functions,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/**
 * struct winbind_joined - the domain that the machine has joined
 * @lock: guards the others
 * @name: its name without DNS; empty if it is not known
 * @dns_name: its name in DNS
 * @computer: name of the machine in it
 */
static struct winbind_joined {
	pthread_mutex_t lock;
	char name[NTLM_DOMAIN_SIZE];
	char dns_name[NTLM_DOMAIN_SIZE];
	char computer[NSS_NAME_SIZE];
} joined = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Ask winbind. Without a domain, it serves one that it calls as this machine, without DNS. */
static bool joined_ask(void)
{
	struct wbc_auth_interface *details = NULL;
	struct why why;
	bool found;

	if (!library_load(&library, &why) || wbc.interface_details(&details) || !details)
		return false;
	found = details->domain && details->machine && details->dns_domain &&
		details->dns_domain[0];
	if (found) {
		pthread_mutex_lock(&joined.lock);
		snprintf(joined.name, sizeof(joined.name), "%s", details->domain);
		snprintf(joined.dns_name, sizeof(joined.dns_name), "%s", details->dns_domain);
		snprintf(joined.computer, sizeof(joined.computer), "%s", details->machine);
		pthread_mutex_unlock(&joined.lock);
	}
	wbc.free(details);
	return found;
}

static void *joined_run(void *arg)
{
	for (;;)
		sleep(joined_ask() ? JOINED_TIME : JOINED_RETRY);
	return arg;
}

void ntlm_winbind_watch(void)
{
	pthread_t id;

	if (!pthread_create(&id, NULL, joined_run, NULL))
		pthread_detach(id);
}

void ntlm_winbind_names(struct ntlm_server *server)
{
	pthread_mutex_lock(&joined.lock);
	if (joined.name[0]) {
		memcpy(server->domain, joined.name, sizeof(server->domain));
		memcpy(server->dns_domain, joined.dns_name, sizeof(server->dns_domain));
		memcpy(server->computer, joined.computer, sizeof(server->computer));
	}
	pthread_mutex_unlock(&joined.lock);
}

/* Does a status say nothing about the user, because no domain controller could be asked? */
static bool is_no_answer(u32 status)
{
	static const u32 statuses[] = {
		STATUS_NO_LOGON_SERVERS, STATUS_DOMAIN_CONTROLLER_NOT_FOUND, STATUS_IO_TIMEOUT,
		STATUS_CONNECTION_REFUSED, STATUS_NETWORK_UNREACHABLE, STATUS_HOST_UNREACHABLE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(statuses) && statuses[i] != status; i++)
		;
	return i < ARRAY_SIZE(statuses);
}

static int winbind_refused(int rc, const struct wbc_auth_error *error, struct why *why)
{
	if (rc == WBC_WINBIND_NOT_AVAILABLE)
		why_not(why, "it does not run");
	else if (rc != WBC_AUTH_ERROR || !error)
		why_not(why, "error %d of libwbclient", rc);
	else
		why_not(why, "%s", error->nt_name ? error->nt_name : "it gives no reason");
	return rc == WBC_AUTH_ERROR && error && is_no_answer(error->nt_status) ? -EAGAIN : -EACCES;
}

/* Take over the SIDs. user_token_may_vouch() later rejects SIDs of no domain. */
static bool winbind_sids(const struct wbc_auth_info *info, struct sid_list *sids)
{
	struct sid sid;
	unsigned int b;
	u32 i;

	for (i = 0; i < info->nsids; i++) {
		const struct wbc_auth_sid *from = &info->sids[i];

		if (from->nsubs > SID_SUBS_MAX)
			return false;
		memset(&sid, 0, sizeof(sid));
		for (b = 0; b < sizeof(from->authority); b++)
			sid.authority = sid.authority << 8 | from->authority[b];
		sid.nsubs = from->nsubs;
		memcpy(sid.sub, from->sub, from->nsubs * sizeof(sid.sub[0]));
		if (!sid_list_add(sids, &sid))
			return false;
	}
	return true;
}

static int winbind_accepted(const struct wbc_auth_info *info, struct ntlm_domain_user *user,
			    struct why *why)
{
	if (info->user_flags & WBC_USER_GUEST) {
		why_not(why, "the domain would let the user in as a guest only");
		return -EACCES;
	}
	if (!winbind_sids(info, &user->sids)) {
		why_not(why, "the user has more than %u SIDs", SID_LIST_MAX);
		return -EACCES;
	}
	memcpy(user->base_key, info->session_key, sizeof(user->base_key));
	return 0;
}

int ntlm_winbind_ask(const struct ntlm_names *said, const char *workstation,
		     const u8 challenge[NTLM_CHALLENGE_SIZE], const struct ntlm_authenticate *auth,
		     struct ntlm_domain_user *user, struct why *why)
{
	struct wbc_auth_params params = {
		.account = said->user,
		.domain = said->domain,
		.workstation = workstation,
		.parameter_control = WBC_ALLOW_SERVER_TRUST | WBC_ALLOW_WORKSTATION_TRUST,
		.level = WBC_LEVEL_RESPONSE,
		.response.nt_len = (u32)auth->nt.len,
		.response.nt = auth->nt.data,
		.response.lm_len = (u32)auth->lm.len,
		.response.lm = auth->lm.data,
	};
	struct wbc_auth_error *error = NULL;
	struct wbc_auth_info *info = NULL;
	int rc;

	memset(user, 0, sizeof(*user));
	if (!library_load(&library, why))
		return -EACCES;
	memcpy(params.response.challenge, challenge, NTLM_CHALLENGE_SIZE);
	rc = wbc.authenticate(&params, &info, &error);
	if (rc == WBC_SUCCESS && info)
		rc = winbind_accepted(info, user, why);
	else
		rc = winbind_refused(rc, error, why);
	if (info) {
		explicit_bzero(info->session_key, sizeof(info->session_key));
		wbc.free(info);
	}
	if (error)
		wbc.free(error);
	return rc;
}
