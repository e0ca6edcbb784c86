// SPDX-License-Identifier: GPL-2.0-only
/* Acceptor of NTLM version 2; see ntlm.h. */

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "ntlm.h"

/**
 * struct ntlm - an exchange
 * @server: names of this machine
 */
struct ntlm {
	struct ntlm_server server;
};

bool ntlm_open(struct why *why)
{
	return why_not(why, "NTLM is not available");
}

void ntlm_server_fill(struct ntlm_server *server)
{
	memset(server, 0, sizeof(*server));
	sid_machine_name(server->computer);
	memcpy(server->domain, server->computer, sizeof(server->domain));
}

bool ntlm_is_message(const u8 *token, size_t len)
{
	return len >= 8 && !memcmp(token, "NTLMSSP", 8);
}

struct ntlm *ntlm_new(const struct ntlm_server *server)
{
	struct ntlm *n = mem_new(sizeof(*n));

	n->server = *server;
	return n;
}

void ntlm_free(struct ntlm *n)
{
	free(n);
}

enum gss_outcome ntlm_take_negotiate(struct ntlm *n, const u8 *message, size_t len,
				     u8 **challenge, size_t *challenge_len, struct why *why)
{
	(void)n;
	(void)message;
	(void)len;
	*challenge = NULL;
	*challenge_len = 0;
	why_not(why, "NTLM is not available");
	return GSS_MALFORMED;
}

enum gss_outcome ntlm_take_authenticate(struct ntlm *n, const u8 *message, size_t len,
					const struct ntlm_users *users,
					struct ntlm_result *result)
{
	(void)n;
	(void)message;
	(void)len;
	(void)users;
	memset(result, 0, sizeof(*result));
	why_not(&result->why, "NTLM is not available");
	return GSS_REFUSED;
}

bool ntlm_can_sign(const struct ntlm *n)
{
	(void)n;
	return false;
}

void ntlm_sign(const struct ntlm *n, const void *data, size_t len,
	       u8 signature[NTLM_SIGNATURE_SIZE])
{
	(void)n;
	(void)data;
	(void)len;
	memset(signature, 0, NTLM_SIGNATURE_SIZE);
}

bool ntlm_verify(const struct ntlm *n, const void *data, size_t len, const u8 *signature,
		 size_t signature_len)
{
	(void)n;
	(void)data;
	(void)len;
	(void)signature;
	(void)signature_len;
	return false;
}
