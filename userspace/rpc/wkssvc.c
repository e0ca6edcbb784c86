// SPDX-License-Identifier: GPL-2.0-only
/* Describes the machine (MS-WKST). */

#include "identity/own_domain.h"

/* MS-ERREF section 2.2. */
#define ERROR_SUCCESS		0
#define ERROR_INVALID_LEVEL	124

#define PLATFORM_NT		500
#define VERSION_MAJOR		10
#define VERSION_MINOR		0

/* NetrWkstaGetInfo (MS-WKST section 3.2.4.1). */
static u32 get_info(struct rpc_call *call)
{
	struct ndr_out *out = &call->out;
	struct ndr_in *in = &call->in;
	struct own_domain domain;
	char name[1024];
	u32 level;
	bool known;

	ndr_get_unique_string(in, name, sizeof(name));
	level = ndr_get32(in);
	if (in->bad)
		return RPC_FAULT_NDR;
	known = level >= 100 && level <= 102;
	sid_machine_name(name);
	own_domain_get(call, &domain);
	ndr_put32(out, level);
	ndr_put_pointer(out, known);
	if (known) {
		ndr_put32(out, PLATFORM_NT);
		ndr_put_pointer(out, true);
		ndr_put_pointer(out, true);
		ndr_put32(out, VERSION_MAJOR);
		ndr_put32(out, VERSION_MINOR);
		if (level >= 101)
			ndr_put_pointer(out, true);
		/* Number of logged-on users. */
		if (level == 102)
			ndr_put32(out, 0);
		ndr_put_string(out, name);
		ndr_put_string(out, domain.name);
		if (level >= 101)
			ndr_put_string(out, "");
	}
	ndr_put32(out, known ? ERROR_SUCCESS : ERROR_INVALID_LEVEL);
	return 0;
}

static const struct rpc_op ops[] = {
	{ .opnum = 0, .run = get_info },
	{ 0 }
};

/* 6bffd098-a112-3610-9833-46c3f87e345a */
const struct rpc_interface wkssvc_interface = {
	.pipe = "wkssvc",
	.uuid = { 0x98, 0xd0, 0xff, 0x6b, 0x12, 0xa1, 0x10, 0x36, 0x98, 0x33, 0x46, 0xc3, 0xf8,
		  0x7e, 0x34, 0x5a },
	.version = 1,
	.ops = ops,
};
