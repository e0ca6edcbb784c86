// SPDX-License-Identifier: GPL-2.0-only
/* Describes the machine (MS-WKST). */

#include "identity/own_domain.h"

/* MS-ERREF section 2.2. */
#define ERROR_SUCCESS		0
#define ERROR_INVALID_LEVEL	124

#define PLATFORM_NT		500
#define VERSION_MAJOR		10
#define VERSION_MINOR		0

struct wkssvc_args {
	const char *name;
	const char *domain;
	u32 level;
	struct ndr_any *info;
};

#define AT(kind, name, ...)	NDR_AT(kind, struct wkssvc_args, name, ##__VA_ARGS__)
#define WKSTA(...) \
	{ sizeof(struct wkssvc_args), \
	  NDR_FIELDS(NDR_NUMBER(U32, PLATFORM_NT), AT(TEXT, name), AT(TEXT, domain), \
		     NDR_NUMBER(U32, VERSION_MAJOR), NDR_NUMBER(U32, VERSION_MINOR), \
		     ##__VA_ARGS__) }

/* Levels 100 to 102 (MS-WKST section 2.2.5), with the root and the number of logged-on users. */
static const struct ndr_struct levels[] = {
	WKSTA(), WKSTA(NDR_WORDS(TEXT, "")), WKSTA(NDR_WORDS(TEXT, ""), NDR_NUMBER(U32, 0)),
};

/* NetrWkstaGetInfo (MS-WKST section 3.2.4.1). */
static u32 get_info(struct rpc_call *call, void *data)
{
	struct own_domain *domain = mem_chain_new(&call->memory, sizeof(*domain));
	char *name = mem_chain_new(&call->memory, NSS_NAME_SIZE);
	struct wkssvc_args *args = data;

	if (args->level < 100 || args->level - 100 >= ARRAY_SIZE(levels))
		return ERROR_INVALID_LEVEL;
	sid_machine_name(name);
	own_domain_get(call, domain);
	args->name = name;
	args->domain = domain->name;
	args->info = mem_chain_new(&call->memory, sizeof(*args->info));
	*args->info = (struct ndr_any){ &levels[args->level - 100], args };
	return ERROR_SUCCESS;
}

static const struct rpc_op ops[] = {
	{ .opnum = 0, .answer = get_info, .in = NDR_FIELDS(AT(TEXT, name), AT(U32, level)),
	  .out = NDR_FIELDS(AT(U32, level), AT(POINTER, info, .of = &ndr_of_any)) },
	{ 0 }
};

/* 6bffd098-a112-3610-9833-46c3f87e345a */
const struct rpc_interface wkssvc_interface = {
	.pipe = "wkssvc",
	.uuid = { 0x98, 0xd0, 0xff, 0x6b, 0x12, 0xa1, 0x10, 0x36, 0x98, 0x33, 0x46, 0xc3, 0xf8,
		  0x7e, 0x34, 0x5a },
	.version = 1,
	.args_size = sizeof(struct wkssvc_args),
	.ops = ops,
};
