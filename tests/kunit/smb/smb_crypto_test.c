// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys, hashes, signatures and encryption of SMB.
 *
 * Vectors are those that Microsoft published with its articles on preauthentication
 * integrity, signing and encryption, computed with other implementations where
 * there are none: AES-GMAC, the ciphers but AES-128-CCM, HMAC-SHA256.
 */
#include <crypto/hash.h>
#include <kunit/test.h>
#include <linux/hex.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/vmalloc.h>

#include "../../../smb/auth/crypto.h"
#include "../../../smb/auth/keys.h"
#include "../../../smb/transport/buf.h"

/* Last SESSION_SETUP response of the article, with its signature. */
#define RESPONSE \
	"FE534D4240000100000000000100800009000000000000000300000000000000FFFE000000000000" \
	"1900000000100000EBE146DA120BA25FC3376A49DFE31BC10900000048001D00A11B3019A0030A01" \
	"00A3120410010000003B453CDC3524164200000000"
#define SIGNING_KEY "73FE7A9A77BEF0BDE49C650D8CCB5F76"

#define PREAUTH \
	"0DD13628CC3ED218EF9DF9772D436D0887AB9814BFAE63A80AA845F36909DB7928622DDDAD522D97" \
	"51640A459762C5A9D6BB084CBB3CE6BDADEF5D5BCE3C6C01"

#define KEY_32 "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

/* An encrypted WRITE request of the article, and what is in it. */
#define PLAIN \
	"FE534D4240000100000000000900400008000000000000000400000000000000FFFE000001000000" \
	"1100001400E408000000000000000000000000000000000031007000170000000000000000000000" \
	"1501000039000002010000003902000000000000000000007000000000000000536D623320656E63" \
	"72797074696F6E2074657374696E67"

/* A NEGOTIATE request of the article, and the hash behind it. */
#define NEGOTIATE \
	"FE534D4240000100000000000000800000000000000000000100000000000000FFFE000000000000" \
	"00000000000000000000000000000000000000000000000024000500010000003F000000ECD86F32" \
	"6276024F9F7752B89BB33F3A70000000020000000202100200030203110300000100260000000000" \
	"0100200001003E38B8B81A9AFB172278056F4898FD09A1B9976A49B2D771161FCD4D40DF7D7D0000" \
	"0200060000000000020002000100"
#define NEGOTIATE_HASH \
	"F035C2B2BAB116E0DCF6A74E26670604D1BF6DDA065913AF7C30E93C1F025AC3CE2DD44D4DE26524" \
	"A785E5D8E06AF0BE1C74296FEF05B045C3793A12B32C49DF"

/* PLAIN encrypted by each cipher: header and text. */
#define KEY_16 "261B72350558F2E9DCF613070383EDBF"
#define AES128_CCM_HEAD \
	"FD534D4281A286535415445DAE393921E44FA42E66E69A111892584FB5ED524A744DA3EE87000000" \
	"000001001100001400E40800"
#define AES128_CCM_TEXT \
	"25C8FEE16605A437832D1CD52DA9F4645333482A175FE5384563F45FCDAFAEF38BC62BA4D5C62897" \
	"996625A44C29BE5658DE2E6117585779E7B59FFD971278D08580D7FA899E410E910EABF5AA1DB430" \
	"50B33B49182637759AC15D84BFCDF5B6B238993C0F4CF4D6012023F6C627297075D84B7803912D0A" \
	"9639634453595EF3E33FFE4E7AC2AB"
#define AES128_GCM_HEAD \
	"FD534D42DF4607E4CEB923D44488656680AF1F3C66E69A111892584FB5ED524A0000000087000000" \
	"000001001100001400E40800"
#define AES128_GCM_TEXT \
	"60FD06F2FE9C8357D5E3FDD64C0DF0F674FF352E20D4F88E9A441BAF441DDBAA3467A752A55D786C" \
	"B56B87B0009748DB8EED6302EC7ED52639234A01F11F1F76D427582AD19F3B17D7159896F6A1D814" \
	"AEC330D7F6234B1ADF302F8D65003618F480B48A5097FFEB28C75F57AA43831CB387DC9F398DDB76" \
	"9826E3FEF4C7515F679B00BBA68C95"
#define AES256_CCM_HEAD \
	"FD534D4285EE28D01B885944165D2B039ED2191A66E69A111892584FB5ED52000000000087000000" \
	"000001001100001400E40800"
#define AES256_CCM_TEXT \
	"92FAA8C985760092D989B4EED9B570C94178F13407F78483F931220A2C8BA5E1724E9269BD807D71" \
	"EA850E36D927730E18BD9C14CD87D4DEB6BDD2DE180E53FF4AECB756CE6B78E72101B3844FEBC71E" \
	"6B97344367A68EEE80CF45696D28EB88053C1A2125679A202CDA1D69624D464745657D8C2B59081C" \
	"51D2FBF71078B459E4EC1731D3EB34"
#define AES256_GCM_HEAD \
	"FD534D426A14C5FA3F7EED98900E39717D2EE06266E69A111892584FB5ED524A0000000087000000" \
	"000001001100001400E40800"
#define AES256_GCM_TEXT \
	"5215011988C5A911BA1EFFC74D4AD7EE01D8D7DB571EC8F8AAD23B4CBA95F96A900912493FAB772C" \
	"A39053FD15B1C4D29B047D2303256932ED370A478D1765D002E7FB0D124CDC566043FDCC25EDFCDC" \
	"DFA847114884A8F444468C5B9443EF7326109B5E41783CA30A60744168A440B0171CA473A49CEDCC" \
	"C2A55763074EB2AEFC7AC9F8A8038D"

static u8 *bytes_of_hex(struct kunit *test, const char *hex, size_t *len)
{
	size_t size = strlen(hex) / 2;
	u8 *bytes = kunit_kmalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_EQ(test, hex2bin(bytes, hex, size), 0);
	if (len)
		*len = size;
	return bytes;
}

static void expect_hex(struct kunit *test, const u8 *bytes, const char *hex)
{
	size_t len;
	u8 *want = bytes_of_hex(test, hex, &len);

	KUNIT_EXPECT_MEMEQ(test, bytes, want, len);
}

struct key_case {
	const char *name;
	enum dsmb_key_use use;
	u16 dialect;
	const char *key;
	size_t size;
	const char *want;
};

static const struct key_case key_cases[] = {
	{ "3.0 signing", DSMB_KEY_SIGN, DSMB_DIALECT_300,
	  "7CD451825D0450D235424E44BA6E78CC", 16, "0B7E9C5CAC36C0F6EA9AB275298CEDCE" },
	{ "3.0 to the client", DSMB_KEY_SEAL, DSMB_DIALECT_300,
	  "7CD451825D0450D235424E44BA6E78CC", 16, "B0F0427F7CEB416D1D9DCC0CD4F99447" },
	{ "3.0 to the server", DSMB_KEY_UNSEAL, DSMB_DIALECT_300,
	  "7CD451825D0450D235424E44BA6E78CC", 16, "FAD27796665B313EBB578F388632B4F7" },
	{ "3.0.2 signing", DSMB_KEY_SIGN, DSMB_DIALECT_302,
	  "B4546771B515F766A86735532DD6C4F0", 16, "F773CD23C18FD1E08EE510CADA7CF852" },
	{ "3.0.2 to the client", DSMB_KEY_SEAL, DSMB_DIALECT_302,
	  "B4546771B515F766A86735532DD6C4F0", 16, "8FE2B57EC34D2DB5B1A9727F526BBDB5" },
	{ "3.0.2 to the server", DSMB_KEY_UNSEAL, DSMB_DIALECT_302,
	  "B4546771B515F766A86735532DD6C4F0", 16, "261B72350558F2E9DCF613070383EDBF" },
	{ "3.1.1 signing", DSMB_KEY_SIGN, DSMB_DIALECT_311,
	  "270E1BA896585EEB7AF3472D3B4C75A7", 16, SIGNING_KEY },
	{ "3.1.1 to the client", DSMB_KEY_SEAL, DSMB_DIALECT_311,
	  "270E1BA896585EEB7AF3472D3B4C75A7", 16, "E2AF0DCEFAC68DA71A0DFBD0D1350D74" },
	{ "3.1.1 to the server", DSMB_KEY_UNSEAL, DSMB_DIALECT_311,
	  "270E1BA896585EEB7AF3472D3B4C75A7", 16, "629BCBC54422A0F572B97F45989B6073" },
	{ "3.1.1 to the client, 256 bits", DSMB_KEY_SEAL, DSMB_DIALECT_311, KEY_32, 32,
	  "4EBC8BF4047484C299D04C4F8FF31ED8243CEA3ED8AA9902EA5833B809AC10E7" },
	{ "3.1.1 to the server, 256 bits", DSMB_KEY_UNSEAL, DSMB_DIALECT_311, KEY_32, 32,
	  "F1A5C66C7C07116904393A1D1C4CB46EECEB7FD384038C510561FBFDBA9AE683" },
};

static void key_desc(const struct key_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(key, key_cases, key_desc);

static void derives_keys(struct kunit *test)
{
	const struct key_case *c = test->param_value;
	u8 *preauth = bytes_of_hex(test, PREAUTH, NULL);
	u8 out[DSMB_KEY_MAX];
	size_t len;
	u8 *key = bytes_of_hex(test, c->key, &len);

	KUNIT_ASSERT_EQ(test, dsmb_key_derive(c->use, c->dialect, key, len, preauth, out, c->size),
			0);
	expect_hex(test, out, c->want);
}

static void hashes_preauth(struct kunit *test)
{
	u8 hash[DSMB_PREAUTH_SIZE] = { };
	size_t len;
	u8 *message = bytes_of_hex(test, NEGOTIATE, &len);

	KUNIT_ASSERT_EQ(test, dsmb_preauth_update(hash, message, len), 0);
	expect_hex(test, hash, NEGOTIATE_HASH);
}

struct sign_case {
	const char *name;
	enum dsmb_signing alg;
	u16 command;
	u32 flags;
	const char *want;
};

static const struct sign_case sign_cases[] = {
	{ "HMAC-SHA256", DSMB_SIGNING_HMAC_SHA256, DSMB_SESSION_SETUP, 9,
	  "373D8B4AE191DC8C15BE375C5BDAEFCB" },
	{ "AES-CMAC", DSMB_SIGNING_AES_CMAC, DSMB_SESSION_SETUP, 9,
	  "EBE146DA120BA25FC3376A49DFE31BC1" },
	{ "AES-GMAC, response", DSMB_SIGNING_AES_GMAC, DSMB_SESSION_SETUP, 9,
	  "75D05BAC99FF7FCC52A44C354381D559" },
	{ "AES-GMAC, cancel", DSMB_SIGNING_AES_GMAC, DSMB_CANCEL, 8,
	  "6CA1CFA270156AEC1A6E50334AEDE82C" },
};

static void sign_desc(const struct sign_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(sign, sign_cases, sign_desc);

/* The same message in one part, and in several of odd lengths. */
static void signs_messages(struct kunit *test)
{
	const struct sign_case *c = test->param_value;
	struct dsmb_signer *signer;
	struct dsmb_nonce nonce;
	u8 *want;
	struct dsmb_header *head;
	struct kvec iov[3];
	size_t len;
	u8 *message = bytes_of_hex(test, RESPONSE, &len);

	head = (struct dsmb_header *)message;
	head->command = cpu_to_le16(c->command);
	head->flags = cpu_to_le32(c->flags);
	want = bytes_of_hex(test, c->want, NULL);
	signer = dsmb_signer_new(c->alg, bytes_of_hex(test, SIGNING_KEY, NULL), 16, 1, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, signer);

	iov[0] = (struct kvec) { message, len };
	memcpy(head->signature, want, sizeof(head->signature));
	KUNIT_EXPECT_EQ(test, dsmb_verify(signer, iov, 1), 0);
	head->signature[3] ^= 1;
	KUNIT_EXPECT_EQ(test, dsmb_verify(signer, iov, 1), -EBADMSG);

	iov[0].iov_len = sizeof(*head);
	iov[1] = (struct kvec) { message + sizeof(*head), 5 };
	iov[2] = (struct kvec) { message + sizeof(*head) + 5, len - sizeof(*head) - 5 };
	if (c->flags & DSMB_FLAG_RESPONSE) {
		nonce = (struct dsmb_nonce) { 1, le64_to_cpu(head->message_id) };
		KUNIT_EXPECT_EQ(test, dsmb_sign(signer, &nonce, iov, 3), 0);
		expect_hex(test, head->signature, c->want);
	}
	memcpy(head->signature, want, sizeof(head->signature));
	KUNIT_EXPECT_EQ(test, dsmb_verify(signer, iov, 3), 0);

	iov[0].iov_len = sizeof(*head) - 1;
	KUNIT_EXPECT_EQ(test, dsmb_verify(signer, iov, 1), -EINVAL);
	dsmb_signer_put(signer);
}

struct cmac_case {
	u32 at;
	u32 len;
};

/* Whole and broken last blocks, blocks over the end of a page, and many pages. */
static const struct cmac_case cmac_cases[] = {
	{ 0, 64 }, { 8, 65 }, { 0, 255 }, { 0, 256 }, { 0, 257 }, { 8, 271 }, { 8, 272 },
	{ 3840, 256 }, { 4056, 300 }, { 4096 - 48, 64 + 8192 }, { 8, 300000 }, { 4088, 300001 },
};

static void cmac_desc(const struct cmac_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u bytes at %u", c->len, c->at);
}

KUNIT_ARRAY_PARAM(cmac, cmac_cases, cmac_desc);

/* AES-CMAC of a message whose signature is zero, as the kernel computes it. */
static void cmac_of(struct kunit *test, const u8 *message, size_t len, u8 *out)
{
	struct crypto_shash *tfm = crypto_alloc_shash("cmac(aes)", 0, 0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tfm);
	KUNIT_EXPECT_EQ(test, 0, crypto_shash_setkey(tfm, bytes_of_hex(test, SIGNING_KEY, NULL),
						     16));
	KUNIT_EXPECT_EQ(test, crypto_shash_tfm_digest(tfm, message, len, out), 0);
	crypto_free_shash(tfm);
}

/* In memory whose pages are apart, in one part and in two, the message is signed and left as is. */
static void signs_as_cmac(struct kunit *test)
{
	const struct cmac_case *c = test->param_value;
	struct dsmb_nonce nonces[2] = { { 1, 7 }, { 1, 7 } };
	u8 *memory = vmalloc(c->at + c->len), *message = memory + c->at;
	struct dsmb_header *head = (struct dsmb_header *)message;
	u32 half = max_t(u32, sizeof(*head), c->len / 2), i;
	struct dsmb_signer *signer;
	struct kvec iov[2];
	u8 want[DSMB_SIGNATURE_SIZE], *key;

	KUNIT_ASSERT_NOT_NULL(test, memory);
	for (i = 0; i < c->len; i++)
		message[i] = i * 13 + i / 256;
	head->message_id = cpu_to_le64(7);
	head->flags = cpu_to_le32(DSMB_FLAG_RESPONSE | DSMB_FLAG_SIGNED);
	memset(head->signature, 0, sizeof(head->signature));
	cmac_of(test, message, c->len, want);
	key = bytes_of_hex(test, SIGNING_KEY, NULL);
	signer = dsmb_signer_new(DSMB_SIGNING_AES_CMAC, key, 16, 1, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, signer);

	iov[0] = (struct kvec) { message, c->len };
	KUNIT_EXPECT_EQ(test, dsmb_sign(signer, &nonces[0], iov, 1), 0);
	KUNIT_EXPECT_MEMEQ(test, head->signature, want, sizeof(want));
	KUNIT_EXPECT_EQ(test, dsmb_verify(signer, iov, 1), 0);
	iov[0].iov_len = half;
	iov[1] = (struct kvec) { message + half, c->len - half };
	KUNIT_EXPECT_EQ(test, dsmb_sign(signer, &nonces[1], iov, 2), 0);
	KUNIT_EXPECT_MEMEQ(test, head->signature, want, sizeof(want));

	/* The signature is not in it, and the last byte is. */
	for (i = sizeof(*head); i < c->len; i++)
		if (message[i] != (u8)(i * 13 + i / 256))
			break;
	KUNIT_EXPECT_EQ(test, i, c->len);
	message[c->len - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, dsmb_verify(signer, iov, 2), -EBADMSG);
	dsmb_signer_put(signer);
	vfree(memory);
}

struct nonce_case {
	const char *name;
	enum dsmb_signing alg;
	u64 conn;
	u64 id;
	int first;
	int second;
};

/* The key is of connection 1, from MessageId 5 on. */
static const struct nonce_case nonce_cases[] = {
	{ "GMAC, at home", DSMB_SIGNING_AES_GMAC, 1, 5, 0, 0 },
	{ "GMAC, at home, before the key", DSMB_SIGNING_AES_GMAC, 1, 4, -EKEYREJECTED,
	  -EKEYREJECTED },
	{ "GMAC, away", DSMB_SIGNING_AES_GMAC, 2, 4, 0, -EKEYREJECTED },
	{ "GMAC, away, as at home", DSMB_SIGNING_AES_GMAC, 2, 5, -EKEYREJECTED, -EKEYREJECTED },
	{ "CMAC, away", DSMB_SIGNING_AES_CMAC, 2, 5, 0, 0 },
	{ "HMAC, away", DSMB_SIGNING_HMAC_SHA256, 2, 5, 0, 0 },
};

static void nonce_desc(const struct nonce_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(nonce, nonce_cases, nonce_desc);

/* Two answers to requests with one MessageId; a credit window gives each to one request. */
static void nonce_unique(struct kunit *test)
{
	const struct nonce_case *c = test->param_value;
	struct dsmb_header head = {
		.message_id = cpu_to_le64(c->id), .flags = cpu_to_le32(DSMB_FLAG_RESPONSE),
	};
	struct dsmb_nonce first = { c->conn, c->id }, second = { c->conn, c->id };
	struct kvec iov = { &head, sizeof(head) };
	struct dsmb_signer *signer;

	signer = dsmb_signer_new(c->alg, bytes_of_hex(test, SIGNING_KEY, NULL), 16, 1, 5);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, signer);
	KUNIT_EXPECT_EQ(test, dsmb_sign(signer, &first, &iov, 1), c->first);
	KUNIT_EXPECT_EQ(test, !!(head.flags & cpu_to_le32(DSMB_FLAG_SIGNED)), !c->first);
	KUNIT_EXPECT_EQ(test, first.taken, !c->first);
	/* On connection 1 the credit window prevents reuse; elsewhere the key does. */
	KUNIT_EXPECT_EQ(test, dsmb_sign(signer, &second, &iov, 1), c->second);
	dsmb_signer_put(signer);
}

/* A buffer as smb/transport/buf.c makes them, by hand. */
static struct dsmb_buf *buf_new(struct kunit *test, u32 size)
{
	struct dsmb_buf *buf = kunit_kzalloc(test, sizeof(*buf), GFP_KERNEL);
	unsigned int pages = DIV_ROUND_UP(size, PAGE_SIZE), i;
	struct scatterlist *sg;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	buf->size = pages * PAGE_SIZE;
	buf->data = alloc_pages_exact(buf->size, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, buf->data);
	KUNIT_ASSERT_EQ(test, sg_alloc_table(&buf->sgt, pages, GFP_KERNEL), 0);
	for_each_sgtable_sg(&buf->sgt, sg, i)
		sg_set_buf(sg, buf->data + i * PAGE_SIZE, PAGE_SIZE);
	return buf;
}

static void buf_free(struct dsmb_buf *buf)
{
	sg_free_table(&buf->sgt);
	free_pages_exact(buf->data, buf->size);
}

struct seal_case {
	const char *name;
	enum dsmb_cipher cipher;
	const char *key;
	const char *head;
	const char *text;
};

static const struct seal_case seal_cases[] = {
	{ "AES-128-CCM", DSMB_CIPHER_AES128_CCM, KEY_16, AES128_CCM_HEAD, AES128_CCM_TEXT },
	{ "AES-128-GCM", DSMB_CIPHER_AES128_GCM, KEY_16, AES128_GCM_HEAD, AES128_GCM_TEXT },
	{ "AES-256-CCM", DSMB_CIPHER_AES256_CCM, KEY_32, AES256_CCM_HEAD, AES256_CCM_TEXT },
	{ "AES-256-GCM", DSMB_CIPHER_AES256_GCM, KEY_32, AES256_GCM_HEAD, AES256_GCM_TEXT },
};

static void seal_desc(const struct seal_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(seal, seal_cases, seal_desc);

static struct dsmb_sealer *sealer_new(struct kunit *test)
{
	const struct seal_case *c = test->param_value;
	struct dsmb_sealer *sealer;
	size_t len;
	u8 *key = bytes_of_hex(test, c->key, &len);

	KUNIT_ASSERT_EQ(test, dsmb_cipher_key_size(c->cipher), len);
	sealer = dsmb_sealer_new(c->cipher, key);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sealer);
	return sealer;
}

/* A message encrypted elsewhere is read, and refused if a bit of it was changed. */
static void unseals_messages(struct kunit *test)
{
	static const u32 offsets[] = { 0, 3, 4000, 4060, 4096 - sizeof(struct dsmb_transform) };
	const struct seal_case *c = test->param_value;
	struct dsmb_sealer *sealer = sealer_new(test);
	struct dsmb_buf *buf = buf_new(test, 8192);
	size_t head_len, len;
	u8 *head = bytes_of_hex(test, c->head, &head_len);
	u8 *text = bytes_of_hex(test, c->text, &len);
	int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		u8 *p = buf->data + offsets[i];

		memcpy(p, head, head_len);
		memcpy(p + head_len, text, len);
		KUNIT_EXPECT_EQ(test, dsmb_unseal(sealer, buf, offsets[i], len), 0);
		expect_hex(test, p + head_len, PLAIN);

		memcpy(p + head_len, text, len);
		p[head_len - 1] ^= 1;
		KUNIT_EXPECT_EQ(test, dsmb_unseal(sealer, buf, offsets[i], len), -EBADMSG);
		p[head_len - 1] ^= 1;
		memcpy(p + head_len, text, len);
		p[head_len + len - 1] ^= 1;
		KUNIT_EXPECT_EQ(test, dsmb_unseal(sealer, buf, offsets[i], len), -EBADMSG);
	}
	KUNIT_EXPECT_EQ(test, dsmb_unseal(sealer, buf, 8192, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dsmb_unseal(sealer, buf, 0, 8192), -EINVAL);
	KUNIT_EXPECT_EQ(test, dsmb_unseal(sealer, buf, U32_MAX, U32_MAX), -EINVAL);
	buf_free(buf);
	dsmb_sealer_free(sealer);
}

/* Encrypted and decrypted over many pages; the same text is never encrypted the same way. */
static void seal_and_unseal(struct kunit *test)
{
	const u32 at = 12, len = 300000, text = at + sizeof(struct dsmb_transform);
	struct dsmb_sealer *sealer = sealer_new(test);
	struct dsmb_buf *buf = buf_new(test, text + len);
	struct dsmb_transform *head = (struct dsmb_transform *)(buf->data + at);
	u8 nonce[sizeof(head->nonce)];
	u32 i;

	for (i = 0; i < len; i++)
		buf->data[text + i] = i * 7;
	KUNIT_ASSERT_EQ(test, dsmb_seal(sealer, buf, at, len, NULL, 0), 0);
	memcpy(nonce, head->nonce, sizeof(nonce));
	KUNIT_ASSERT_EQ(test, dsmb_unseal(sealer, buf, at, len), 0);
	for (i = 0; i < len; i++)
		if (buf->data[text + i] != (u8)(i * 7))
			break;
	KUNIT_EXPECT_EQ(test, i, len);
	KUNIT_ASSERT_EQ(test, dsmb_seal(sealer, buf, at, len, NULL, 0), 0);
	KUNIT_EXPECT_MEMNEQ(test, nonce, head->nonce, sizeof(nonce));
	buf_free(buf);
	dsmb_sealer_free(sealer);
}

/*
 * Pages behind a text are encrypted into the buffer and stay as they are. AES-CCM, which would read
 * them twice, refuses them.
 */
static void seals_pages(struct kunit *test)
{
	static const u32 offsets[] = { 0, 100, PAGE_SIZE - 1 };
	const u32 at = 12, len = 80, text = at + sizeof(struct dsmb_transform), npages = 5;
	struct dsmb_sealer *sealer = sealer_new(test);
	struct dsmb_buf *buf = buf_new(test, text + len + npages * PAGE_SIZE);
	struct bio_vec pages[5];
	u32 i, j, n;

	for (i = 0; i < npages; i++) {
		bvec_set_page(&pages[i], alloc_page(GFP_KERNEL), PAGE_SIZE, 0);
		KUNIT_ASSERT_NOT_NULL(test, pages[i].bv_page);
		memset(page_address(pages[i].bv_page), 'a' + i, PAGE_SIZE);
	}
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		int err;

		pages[0].bv_offset = offsets[i];
		pages[0].bv_len = PAGE_SIZE - offsets[i];
		n = dsmb_pages_len(pages, npages);
		memset(buf->data + text, 'T', len);
		err = dsmb_seal(sealer, buf, at, len, pages, npages);
		if (!dsmb_sealer_reads_once(sealer)) {
			KUNIT_EXPECT_EQ(test, err, -EINVAL);
			continue;
		}
		KUNIT_ASSERT_EQ(test, err, 0);
		KUNIT_ASSERT_EQ(test, dsmb_unseal(sealer, buf, at, len + n), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(buf->data + text, 'T', len));
		for (j = 0, n = text + len; j < npages; n += pages[j++].bv_len)
			KUNIT_EXPECT_NULL(test, memchr_inv(buf->data + n, 'a' + j,
							   pages[j].bv_len));
	}
	/* One byte more than the buffer has. */
	n = buf->size - text - npages * PAGE_SIZE + offsets[i - 1] + 1;
	KUNIT_EXPECT_EQ(test, dsmb_seal(sealer, buf, at, n, pages, npages), -EINVAL);
	for (i = 0; i < npages; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(page_address(pages[i].bv_page), 'a' + i,
						   PAGE_SIZE));
		__free_page(pages[i].bv_page);
	}
	buf_free(buf);
	dsmb_sealer_free(sealer);
}

static struct kunit_case smb_crypto_cases[] = {
	KUNIT_CASE_PARAM(derives_keys, key_gen_params),
	KUNIT_CASE(hashes_preauth),
	KUNIT_CASE_PARAM(signs_messages, sign_gen_params),
	KUNIT_CASE_PARAM(signs_as_cmac, cmac_gen_params),
	KUNIT_CASE_PARAM(nonce_unique, nonce_gen_params),
	KUNIT_CASE_PARAM(unseals_messages, seal_gen_params),
	KUNIT_CASE_PARAM(seal_and_unseal, seal_gen_params),
	KUNIT_CASE_PARAM(seals_pages, seal_gen_params),
	{}
};

static struct kunit_suite smb_crypto_suite = {
	.name = "smb_crypto",
	.test_cases = smb_crypto_cases,
};

kunit_test_suite(smb_crypto_suite);
