// SPDX-License-Identifier: GPL-2.0-only
/* Messages that are run by a worker of their own, and what messages are charged for. */
#include <kunit/test.h>
#include <linux/cpumask.h>

#include "../../../smb/server.h"
#include "../../../smb/transport/command.h"
#include "../../../smb/transport/message.h"
#include "../../../smb/wire/wire.h"

/* A message of the commands before DSMB_COMMANDS; the last but one, or only one, has @charge. */
static struct dsmb_message *message_of(struct kunit *test, u16 charge, const u16 *commands)
{
	struct dsmb_message *message = kunit_kzalloc(test, sizeof(*message), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, message);
	message->calls = message->few;
	for (; *commands != DSMB_COMMANDS; commands++) {
		struct dsmb_call *call = &message->few[message->ncalls++];

		call->cmd = dsmb_commands[*commands];
		call->charge = 1;
	}
	message->few[max(message->ncalls, 2) - 2].charge = charge;
	return message;
}

#define MESSAGE(charge, ...) \
	message_of(test, charge, (const u16 []){ __VA_ARGS__, DSMB_COMMANDS })

/* One response of 64 KiB is not large, whatever comes with it that has a short one. */
static void message_small(struct kunit *test)
{
	struct dsmb_message *message;

	message = MESSAGE(1, DSMB_CREATE, DSMB_CLOSE);
	KUNIT_EXPECT_FALSE(test, dsmb_message_is_large(message));
	message = MESSAGE(1, DSMB_CREATE, DSMB_QUERY_INFO, DSMB_CLOSE);
	KUNIT_EXPECT_FALSE(test, dsmb_message_is_large(message));
	message = MESSAGE(1, DSMB_CREATE, DSMB_SET_INFO, DSMB_FLUSH, DSMB_CLOSE);
	KUNIT_EXPECT_FALSE(test, dsmb_message_is_large(message));
	message = MESSAGE(1, DSMB_READ);
	KUNIT_EXPECT_FALSE(test, dsmb_message_is_large(message));
	message = MESSAGE(1, DSMB_WRITE);
	message->len = SZ_64K + 112;
	KUNIT_EXPECT_FALSE(test, dsmb_message_is_large(message));
}

static void message_large(struct kunit *test)
{
	struct dsmb_message *message;

	message = MESSAGE(2, DSMB_READ);
	KUNIT_EXPECT_TRUE(test, dsmb_message_is_large(message));
	message = MESSAGE(2, DSMB_WRITE);
	KUNIT_EXPECT_TRUE(test, dsmb_message_is_large(message));
	message = MESSAGE(1, DSMB_READ, DSMB_READ);
	KUNIT_EXPECT_TRUE(test, dsmb_message_is_large(message));
	message = MESSAGE(1, DSMB_CREATE, DSMB_QUERY_DIRECTORY, DSMB_QUERY_DIRECTORY, DSMB_CLOSE);
	KUNIT_EXPECT_TRUE(test, dsmb_message_is_large(message));
	message = MESSAGE(1, DSMB_WRITE, DSMB_CLOSE);
	message->len = SZ_64K + 1;
	KUNIT_EXPECT_TRUE(test, dsmb_message_is_large(message));
	/* Its calls are elsewhere, which is so if there are more than it has room for. */
	message = MESSAGE(1, DSMB_CREATE, DSMB_CLOSE);
	message->calls = MESSAGE(1, DSMB_CREATE, DSMB_CLOSE)->few;
	KUNIT_EXPECT_TRUE(test, dsmb_message_is_large(message));
}

/* For each pair of commands: a short message is not large. */
static void message_short(struct kunit *test)
{
	struct dsmb_message *message = MESSAGE(1, DSMB_LOCK, DSMB_LOCK);
	u32 number = 0;

	KUNIT_EXPECT_TRUE(test, dsmb_message_is_short(message));
	for (u32 i = 0; i < 2 * DSMB_COMMANDS * DSMB_COMMANDS; i++) {
		u16 first = i / 2 % DSMB_COMMANDS, second = i / 2 / DSMB_COMMANDS;

		message->few[0].cmd = dsmb_commands[first];
		message->few[0].command = first;
		message->few[0].charge = 1 + i % 2;
		message->few[1].cmd = dsmb_commands[second];
		message->few[1].command = second;
		if (!dsmb_message_is_short(message))
			continue;
		number++;
		KUNIT_EXPECT_FALSE(test, dsmb_message_is_large(message));
		KUNIT_EXPECT_FALSE(test, dsmb_message_answers_large(message));
	}
	KUNIT_EXPECT_GT(test, number, 0);
	message = MESSAGE(2, DSMB_ECHO);
	KUNIT_EXPECT_FALSE(test, dsmb_message_is_short(message));
	message = MESSAGE(1, DSMB_READ, DSMB_CLOSE);
	KUNIT_EXPECT_FALSE(test, dsmb_message_is_short(message));
}

static void message_refused(struct kunit *test)
{
	struct dsmb_message *message = MESSAGE(1, DSMB_READ, DSMB_READ);

	message->few[1].refused = true;
	KUNIT_EXPECT_FALSE(test, dsmb_message_is_large(message));
}

/* Only commands that may have long responses are charged for long ones. */
static void message_cost(struct kunit *test)
{
	struct dsmb_message *message;
	u32 least = DSMB_MESSAGE_COST;

	message = MESSAGE(1, DSMB_ECHO);
	message->len = 68;
	KUNIT_EXPECT_EQ(test, dsmb_message_cost(message), 68 + least);
	message = MESSAGE(1, DSMB_READ);
	KUNIT_EXPECT_EQ(test, dsmb_message_cost(message), SZ_64K + least);
	/* Its data is counted, or its charge. */
	message = MESSAGE(2, DSMB_WRITE);
	message->len = SZ_64K;
	KUNIT_EXPECT_EQ(test, dsmb_message_cost(message), 2 * SZ_64K + least);
	message->len = 3 * SZ_64K;
	KUNIT_EXPECT_EQ(test, dsmb_message_cost(message), 3 * SZ_64K + least);
	/* CANCEL pays no credits, whatever it claims. */
	message = MESSAGE(1000, DSMB_CANCEL);
	message->few[0].command = DSMB_CANCEL;
	KUNIT_EXPECT_EQ(test, dsmb_message_cost(message), least);
	/* One that is not parsed yet. */
	message->ncalls = 0;
	message->len = SZ_1M;
	KUNIT_EXPECT_EQ(test, dsmb_message_cost(message), SZ_1M + least);
}

static void message_cost_compound(struct kunit *test)
{
	struct dsmb_message *message;
	u32 least = DSMB_MESSAGE_COST + DSMB_SHORT_ANSWER;

	message = MESSAGE(1, DSMB_CREATE, DSMB_QUERY_INFO, DSMB_CLOSE);
	message->few[0].in.size = 150;
	KUNIT_EXPECT_EQ(test, dsmb_message_cost(message),
			150 + SZ_64K + DSMB_SHORT_ANSWER + least);
	/* The data that is read and the data that is written are there together. */
	message = MESSAGE(1, DSMB_READ, DSMB_WRITE);
	message->few[1].in.size = SZ_64K + 112;
	KUNIT_EXPECT_EQ(test, dsmb_message_cost(message), 2 * SZ_64K + 112 + least);
	message->few[0].refused = true;
	KUNIT_EXPECT_EQ(test, dsmb_message_cost(message), SZ_64K + 112 + least);
	KUNIT_EXPECT_FALSE(test, dsmb_message_answers_large(message));
}

static void message_prepaid(struct kunit *test)
{
	struct dsmb_message *message;

	message = MESSAGE(2, DSMB_READ);
	KUNIT_EXPECT_EQ(test, dsmb_call_prepaid(&message->few[0]), 2 * SZ_64K + DSMB_SHORT_ANSWER);
	/* Its charge pays for its data, and is given back when large responses are refused. */
	message = MESSAGE(17, DSMB_CREATE);
	KUNIT_EXPECT_EQ(test, dsmb_call_prepaid(&message->few[0]), DSMB_SHORT_ANSWER);
}

/* Large messages are decrypted apart as long as a CPU is left for the thread that receives. */
static void message_unseals_apart(struct kunit *test)
{
	struct dsmb_server *server = kunit_kzalloc(test, sizeof(*server), GFP_KERNEL);
	int cpus = num_online_cpus();

	KUNIT_ASSERT_NOT_NULL(test, server);
	for (int n = 0; n <= cpus; n++) {
		atomic_set(&server->unsealing, n);
		KUNIT_EXPECT_EQ(test, dsmb_message_unseals_apart(server, SZ_64K + 1), n < cpus - 1);
		KUNIT_EXPECT_FALSE(test, dsmb_message_unseals_apart(server, SZ_64K));
	}
}

static struct kunit_case message_cases[] = {
	KUNIT_CASE(message_small),
	KUNIT_CASE(message_large),
	KUNIT_CASE(message_short),
	KUNIT_CASE(message_refused),
	KUNIT_CASE(message_cost),
	KUNIT_CASE(message_cost_compound),
	KUNIT_CASE(message_prepaid),
	KUNIT_CASE(message_unseals_apart),
	{}
};

static struct kunit_suite message_suite = {
	.name = "ditto_smb_message",
	.test_cases = message_cases,
};

kunit_test_suite(message_suite);
