// SPDX-License-Identifier: GPL-2.0-only
/*
 * An exchange of NTLM: a byte with the length of NEGOTIATE, NEGOTIATE, and AUTHENTICATE. The proof
 * is made right, so that what is only read behind it is reached, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/ntlm/ntlm.h"
#include "auth/ntlm/ntlm_msg.h"
#include "auth/ntlm/utf16.h"

static const struct ntlm_server here = { "SERVER", "SERVER", "server.example.org", "example.org" };
static const u8 hash[NTLM_KEY_SIZE] = "0123456789abcde";

static int fuzz_find(void *arg, const struct ntlm_names *names, u8 out[NTLM_KEY_SIZE])
{
	if (strnlen(names->user, sizeof(names->user)) == sizeof(names->user) ||
	    strnlen(names->domain, sizeof(names->domain)) == sizeof(names->domain))
		abort();
	/* Nobody is to be asked for the others. */
	if (names->user[0] == 'x')
		return -EAGAIN;
	memcpy(out, hash, sizeof(hash));
	return 0;
}

static void fuzz_prove(u8 *message, size_t len, const u8 *challenge)
{
	u8 wide[2][1024], key[NTLM_KEY_SIZE];
	struct ntlm_authenticate auth;
	struct ntlm_bytes names[2], rest;
	char name[256];
	size_t n;

	if (!ntlm_authenticate_decode(message, len, 1, &auth) || auth.nt.len < NTLM_PROOF_SIZE)
		return;
	if (!ntlm_name_decode(&auth, &auth.user, name, sizeof(name)))
		return;
	n = utf16_from_utf8(name, wide[0]);
	utf16_to_upper(wide[0], n);
	names[0] = (struct ntlm_bytes){ wide[0], 2 * n };
	if (!ntlm_name_decode(&auth, &auth.domain, name, sizeof(name)))
		return;
	names[1] = (struct ntlm_bytes){ wide[1], 2 * utf16_from_utf8(name, wide[1]) };
	ntlm_response_key(hash, &names[0], &names[1], key);
	rest = (struct ntlm_bytes){ (const u8 *)auth.nt.data + NTLM_PROOF_SIZE,
				    auth.nt.len - NTLM_PROOF_SIZE };
	ntlm_proof(key, challenge + 24, &rest, (u8 *)auth.nt.data);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	const struct ntlm_users users = { fuzz_find };
	u8 signature[NTLM_SIGNATURE_SIZE];
	u8 *challenge = NULL, *message;
	struct ntlm_result result;
	size_t first, n;
	struct ntlm *x;
	struct why why;
	static bool open;

	if (!open && !ntlm_open(&why))
		abort();
	open = true;
	if (!len)
		return 0;
	first = data[0] < len - 1 ? data[0] : len - 1;
	x = ntlm_new(&here);
	if (ntlm_take_negotiate(x, data + 1, first, &challenge, &n, &why) == GSS_MORE) {
		n = len - 1 - first;
		message = malloc(n + 1);
		memcpy(message, data + 1 + first, n);
		fuzz_prove(message, n, challenge);
		if (ntlm_take_authenticate(x, message, n, &users, &result) == GSS_PROVED &&
		    ntlm_can_sign(x)) {
			ntlm_sign(x, message, n, signature);
			ntlm_verify(x, message, n, signature, sizeof(signature));
		}
		if (strnlen(result.target, sizeof(result.target)) == sizeof(result.target) ||
		    result.peer.vouched.n)
			abort();
		free(message);
	}
	free(challenge);
	ntlm_free(x);
	return 0;
}
