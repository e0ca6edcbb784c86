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

struct dssetup_args {
	u16 level;
	struct ndr_union *info;
	u16 role;
	struct own_domain domain;
	const char *name;
	const char *dns_name;
};

#define AT(kind, name, ...)	NDR_AT(kind, struct dssetup_args, name, ##__VA_ARGS__)
#define INFO(...) \
	{ sizeof(struct dssetup_args), NDR_FIELDS({ .type = NDR_ALIGN, .n = 4 }, __VA_ARGS__) }

static const struct ndr_struct levels[] = {
	/* Names of the domain, in DNS, and of its forest, which like the GUID is not known. */
	[INFO_BASIC] = INFO(AT(U16, role), NDR_NUMBER(U32, 0), AT(TEXT, name), AT(TEXT, dns_name),
			    NDR_NUMBER(POINTER, 0), NDR_FILL(16, 0)),
	[INFO_UPGRADE] = INFO(NDR_NUMBER(U32, NOT_UPGRADING), NDR_NUMBER(U16, SERVER_UNKNOWN)),
	[INFO_OPERATION] = INFO(NDR_NUMBER(U16, OPERATION_IDLE)),
};

/* DsRolerGetPrimaryDomainInformation (MS-DSSP section 3.2.5.1). */
static u32 get_primary_domain(struct rpc_call *call, void *data)
{
	struct dssetup_args *args = data;
	bool member;

	if (args->level < INFO_BASIC || args->level > INFO_OPERATION)
		return ERROR_INVALID_PARAMETER;
	own_domain_get(call, &args->domain);
	member = args->domain.sid.nsubs;
	args->role = member ? ROLE_MEMBER_SERVER : ROLE_STANDALONE_SERVER;
	args->name = args->domain.name;
	args->dns_name = member ? args->domain.dns_name : NULL;
	args->info = mem_chain_new(&call->memory, sizeof(*args->info));
	*args->info = (struct ndr_union){ args->level, { &levels[args->level], args } };
	return ERROR_SUCCESS;
}

static const struct rpc_op ops[] = {
	{ .opnum = 0, .answer = get_primary_domain, .in = NDR_FIELDS(AT(U16, level)),
	  .out = NDR_FIELDS(AT(POINTER, info, .of = &ndr_of_union)) },
	{ 0 }
};

/* 3919286a-b10c-11d0-9ba8-00c04fd92ef5 */
const struct rpc_interface dssetup_interface = {
	.pipe = "lsarpc",
	.uuid = { 0x6a, 0x28, 0x19, 0x39, 0x0c, 0xb1, 0xd0, 0x11, 0x9b, 0xa8, 0x00, 0xc0, 0x4f,
		  0xd9, 0x2e, 0xf5 },
	.version = 0,
	.args_size = sizeof(struct dssetup_args),
	.ops = ops,
};
