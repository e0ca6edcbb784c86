/* SPDX-License-Identifier: GPL-2.0-only */
/* NTLM as a mechanism of SPNEGO. */
#ifndef _DITTOD_SPNEGO_NTLM_H
#define _DITTOD_SPNEGO_NTLM_H

#include "auth/ntlm/ntlm.h"
#include "spnego.h"

/**
 * struct spnego_ntlm - argument of the mechanism
 * @server: names of this machine
 * @users: local users
 */
struct spnego_ntlm {
	const struct ntlm_server *server;
	struct ntlm_users users;
};

extern const struct spnego_mech_ops spnego_ntlm_ops;

#endif
