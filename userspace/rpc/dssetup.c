// SPDX-License-Identifier: GPL-2.0-only
/*
 * MS-DSSP: reports the domain of the machine. Clients call this before they look up names of users.
 */

#include "identity/own_domain.h"

/* MS-ERREF section 2.2. */
#define ERROR_SUCCESS			0
#define ERROR_INVALID_PARAMETER		87

/* MS-DSSP sections 2.2.1 to 2.2.6. */
#define INFO_BASIC			1
#define INFO_UPGRADE			2
#define INFO_OPERATION			3
#define ROLE_STANDALONE_SERVER		2
#define ROLE_MEMBER_SERVER		3
#define NOT_UPGRADING			0
#define SERVER_UNKNOWN			0
#define OPERATION_IDLE			0

static void put_basic(struct rpc_call *call)
{
	static const u8 no_guid[16];
	struct ndr_out *out = &call->out;
	struct own_domain domain;
	bool member;

	own_domain_get(call, &domain);
	member = domain.sid.nsubs;
	ndr_put16(out, member ? ROLE_MEMBER_SERVER : ROLE_STANDALONE_SERVER);
	ndr_put32(out, 0);
	/* Names of the domain, in DNS, and of its forest, which is not known. */
	ndr_put_pointer(out, true);
	ndr_put_pointer(out, member);
	ndr_put_pointer(out, false);
	ndr_put(out, no_guid, sizeof(no_guid));
	ndr_put_string(out, domain.name);
	if (member)
		ndr_put_string(out, domain.dns_name);
}

/* DsRolerGetPrimaryDomainInformation (MS-DSSP section 3.2.5.1). */
static u32 get_primary_domain(struct rpc_call *call)
{
	struct ndr_out *out = &call->out;
	u16 level = ndr_get16(&call->in);
	bool known = level >= INFO_BASIC && level <= INFO_OPERATION;

	if (call->in.bad)
		return RPC_FAULT_NDR;
	ndr_put_pointer(out, known);
	if (known)
		ndr_put16(out, level);
	ndr_align(out, 4);
	switch (level) {
	case INFO_BASIC:
		put_basic(call);
		break;
	case INFO_UPGRADE:
		ndr_put32(out, NOT_UPGRADING);
		ndr_put16(out, SERVER_UNKNOWN);
		break;
	case INFO_OPERATION:
		ndr_put16(out, OPERATION_IDLE);
		break;
	}
	ndr_put32(out, known ? ERROR_SUCCESS : ERROR_INVALID_PARAMETER);
	return 0;
}

static const struct rpc_op ops[] = {
	{ .opnum = 0, .run = get_primary_domain },
	{ 0 }
};

/* 3919286a-b10c-11d0-9ba8-00c04fd92ef5 */
const struct rpc_interface dssetup_interface = {
	.pipe = "lsarpc",
	.uuid = { 0x6a, 0x28, 0x19, 0x39, 0x0c, 0xb1, 0xd0, 0x11, 0x9b, 0xa8, 0x00, 0xc0, 0x4f,
		  0xd9, 0x2e, 0xf5 },
	.version = 0,
	.ops = ops,
};
