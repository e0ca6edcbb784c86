/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations of lsarpc that map SIDs and names (MS-LSAT sections 3.1.4.5 to 3.1.4.11). */
#ifndef _DITTOD_LSA_LOOKUP_H
#define _DITTOD_LSA_LOOKUP_H

#include "rpc.h"

u32 lsa_lookup_sids(struct rpc_call *call);
u32 lsa_lookup_sids2(struct rpc_call *call);
u32 lsa_lookup_sids3(struct rpc_call *call);
u32 lsa_lookup_names(struct rpc_call *call);
u32 lsa_lookup_names2(struct rpc_call *call);
u32 lsa_lookup_names3(struct rpc_call *call);
u32 lsa_lookup_names4(struct rpc_call *call);

#endif
