/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The privilege attribute certificate of a Kerberos ticket (MS-PAC): the SIDs of a user and of all
 * groups of the user, as a domain controller knows them.
 *
 * All functions are thread-safe. Only the login worker decodes what clients send.
 */
#ifndef _DITTOD_PAC_H
#define _DITTOD_PAC_H

#include "identity/sid_list.h"

/**
 * pac_sids - decode KERB_VALIDATION_INFO (MS-PAC section 2.5)
 * @buffer: the buffer of the PAC
 * @len: length of @buffer in bytes
 * @out: empty; filled: the user first, the primary group, the groups of the user's domain,
 *	SIDs of other domains and of the user's past, the groups of this machine's domain
 * @why: filled on error
 *
 * The signatures are the caller's matter. Nothing is filtered.
 *
 * Return: 0, -EBADMSG (malformed), -E2BIG (more than SID_LIST_MAX SIDs).
 */
int pac_sids(const u8 *buffer, size_t len, struct sid_list *out, struct why *why);

#endif
