// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preauthentication integrity: a hash over the messages that were exchanged before there were
 * keys, from which the keys are derived (MS-SMB2 sections 3.1.4.4.1 and 3.1.4.4.2).
 *
 * The file also initializes the module's use of the crypto API.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/hash.h>
#include <linux/crypto.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/printk.h>

#include "crypto.h"
#include "crypto_job.h"

static struct crypto_shash *sha512;	/* has no key, so all share it */

/*
 * Extend a preauthentication hash by a message. See MS-SMB2 sections 3.1.4.4.1 and 3.1.4.4.2.
 * Return: 0 or a negative errno.
 */
int dsmb_preauth_update(u8 hash[DSMB_PREAUTH_SIZE], const void *message, size_t len)
{
	SHASH_DESC_ON_STACK(desc, sha512);
	int err;

	desc->tfm = sha512;
	err = crypto_shash_init(desc);
	if (err)
		goto zero;
	err = crypto_shash_update(desc, hash, DSMB_PREAUTH_SIZE);
	if (err)
		goto zero;
	err = crypto_shash_finup(desc, message, len, hash);
zero:
	shash_desc_zero(desc);
	return err;
}

/* All algorithms a session may need must exist before the first session. */
static int algorithms_check(void)
{
	static const char *const names[] = { "hmac(sha256)", "cmac(aes)", "cbc(aes)", "gcm(aes)",
					    "ccm(aes)" };
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (crypto_has_alg(names[i], 0, 0))
			continue;
		pr_err("the kernel has no %s\n", names[i]);
		return -ENOENT;
	}
	return 0;
}

int dsmb_crypto_init(void)
{
	int err = algorithms_check();

	if (err)
		return err;
	sha512 = crypto_alloc_shash("sha512", 0, 0);
	if (IS_ERR(sha512)) {
		pr_err("the kernel has no sha512: error %ld\n", PTR_ERR(sha512));
		return PTR_ERR(sha512);
	}
	dsmb_jobs_init();
	return 0;
}

void dsmb_crypto_exit(void)
{
	dsmb_jobs_exit();
	crypto_free_shash(sha512);
}
