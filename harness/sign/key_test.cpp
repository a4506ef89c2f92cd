// SPDX-License-Identifier: Apache-2.0
#include "harness/sign/key.hpp"

#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/sign/base64.hpp"
#include "harness/sign/key_source.hpp"
#include "harness/sign/test_keys.hpp"

namespace rtfx::sign {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

class KeyFile : public ::testing::Test {
 protected:
  KeyFile() {
    ::unsetenv("RTFX_KEY_PASSWORD");
    ::unsetenv("COSIGN_PASSWORD");
  }

  std::string file(const std::string& pem, mode_t mode = 0600) {
    const std::string path = (folder_.path() / "key.pem").string();
    write_file_atomically(path, pem, mode);
    return path;
  }

  std::string failure(const std::string& location) {
    try {
      load_private_key(location);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      return error.what();
    }
    return "it was loaded";
  }

  TemporaryDirectory folder_;
};

TEST_F(KeyFile, Ed25519SignsAsRfc8032Says) {
  // RFC 8032, 7.1, test 2.
  const auto key = load_private_key(file(ed25519_rfc8032));
  EXPECT_EQ(key->public_key().type(), KeyType::ed25519);
  const std::string message = from_hex("72");
  const std::string wanted = from_hex(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_EQ(key->sign(message), wanted);
  EXPECT_TRUE(key->public_key().verify(message, wanted));
  EXPECT_FALSE(key->public_key().verify("s", wanted));
}

TEST_F(KeyFile, EcdsaVerifiesWhatRfc6979Signs) {
  // RFC 6979, A.2.5, SHA-256, message "sample": r and s as DER.
  const PublicKey key = PublicKey::from_pem(p256_rfc6979_public, "rfc");
  const std::string r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
  const std::string s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
  EXPECT_TRUE(key.verify("sample", from_hex("3046022100" + r + "022100" + s)));
  EXPECT_FALSE(key.verify("test", from_hex("3046022100" + r + "022100" + s)));
}

TEST_F(KeyFile, EcdsaTakesNoOtherEncodingOfTheSameNumbers) {
  const PublicKey key = PublicKey::from_pem(p256_rfc6979_public, "rfc");
  const std::string r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
  const std::string s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
  const std::vector<std::string> wrong = {
      "",
      "00",
      "3000",
      r + s,                                          // raw, as JOSE has it
      "308146022100" + r + "022100" + s,              // length in the long form
      "3046022100" + r + "022100" + s + "00",         // bytes behind it
      "3047022100" + r + "02220000" + s,              // a needless zero
      "30440220" + r + "0220" + s,                    // negative numbers
      "3025022100" + r + "020100",                    // s = 0
      "3080022100" + r + "022100" + s + "0000",       // indefinite length
      "3045022100" + r + "022100" + s.substr(0, 62),  // cut
  };
  for (const std::string& der : wrong) EXPECT_FALSE(key.verify("sample", from_hex(der))) << der;
}

TEST_F(KeyFile, ReadsEveryFormThatOpenSslWrites) {
  for (const char* pem : {p256_plain, p256_traditional, ed25519_rfc8032}) {
    const auto key = load_private_key(file(pem));
    const PublicKey half = PublicKey::from_pem(key->public_key().pem(), "half");
    EXPECT_TRUE(half.verify("message", key->sign("message")));
    EXPECT_EQ(half.hint(), key->public_key().hint());
    EXPECT_EQ(load_public_key(file(pem)).hint(), half.hint());
  }
}

TEST_F(KeyFile, AnEncryptedKeyNeedsItsPassphrase) {
  const std::string path = file(p256_encrypted);
  ::setenv("RTFX_KEY_PASSWORD", "correct horse", 1);
  EXPECT_EQ(load_private_key(path)->public_key().hint(),
            PublicKey::from_pem(p256_encrypted_public, "public").hint());
  EXPECT_EQ(std::getenv("RTFX_KEY_PASSWORD"), nullptr) << "it would reach every child program";
  ::setenv("COSIGN_PASSWORD", "correct horse", 1);
  load_private_key(path);
  EXPECT_EQ(std::getenv("COSIGN_PASSWORD"), nullptr);
  ::setenv("RTFX_KEY_PASSWORD", "battery staple", 1);
  EXPECT_THAT(failure(path),
              AllOf(HasSubstr("key.pem: the passphrase is wrong"), Not(HasSubstr("battery"))));
}

TEST_F(KeyFile, ComesFromTheEnvironmentAndLeavesIt) {
  ::setenv("RELEASE_KEY", ed25519_rfc8032, 1);
  EXPECT_EQ(load_private_key("env://RELEASE_KEY")->public_key().type(), KeyType::ed25519);
  EXPECT_EQ(std::getenv("RELEASE_KEY"), nullptr);
  EXPECT_THAT(failure("env://RELEASE_KEY"), HasSubstr("RELEASE_KEY is not set"));
}

TEST_F(KeyFile, WhatIsNoKeyIsToldPrecisely) {
  EXPECT_THAT(failure((folder_.path() / "none").string()), HasSubstr("No such file"));
  EXPECT_THAT(failure(file("hello\n")), HasSubstr("holds no PEM text"));
  std::string damaged = p256_plain;
  damaged.replace(damaged.find('\n') + 5, 4, "AAAA");
  EXPECT_THAT(failure(file(damaged)), HasSubstr("damaged"));
  damaged = p256_plain;
  damaged.resize(damaged.size() / 2);
  EXPECT_THAT(failure(file(damaged)), HasSubstr("its PEM text is damaged"));
  EXPECT_THAT(failure(file(p256_encrypted_public)), HasSubstr("is a public key"));
  EXPECT_THAT(failure(file(p384_plain)), HasSubstr("on the curve secp384r1"));
  EXPECT_THAT(failure(file(ed448_plain)), HasSubstr("of type ED448"));
  EXPECT_THAT(failure(file("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n"
                           "-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n")),
              AllOf(HasSubstr("cosign's own encrypted form"), HasSubstr("import-key-pair")));
  EXPECT_THAT(failure(file("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
                           "-----END OPENSSH PRIVATE KEY-----\n")),
              HasSubstr("PKCS#8"));
  EXPECT_THAT(failure("pkcs11:object=x?pin-value=1234"),
              AllOf(HasSubstr("RTFX_KEY_PASSWORD"), Not(HasSubstr("1234"))));
}

TEST_F(KeyFile, ThatOthersCanReadIsWarnedOf) {
  std::string warned;
  const Warn warn = [&](const std::string& line) { warned = line; };
  load_private_key(file(p256_plain, 0640), warn);
  EXPECT_THAT(warned, HasSubstr("can be read by others (mode 0640): chmod 600"));
  warned.clear();
  ::chmod((folder_.path() / "key.pem").c_str(), 0600);
  load_private_key((folder_.path() / "key.pem").string(), warn);
  EXPECT_EQ(warned, "");
}

TEST_F(KeyFile, NoCoreIsLeftWhileItIsLoaded) {
  const int before = ::prctl(PR_GET_DUMPABLE);
  {
    const auto key = load_private_key(file(p256_plain));
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
  }
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), before);
}

TEST(Base64, IsThatOfRfc4648) {
  for (const auto& [bytes, text] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"f", "Zg=="},
                                                        {"fo", "Zm8="},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="},
                                                        {"\xfb\xff", "+/8="}}) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  EXPECT_EQ(from_base64("-_8"), "\xfb\xff");
  for (const char* wrong : {"Z", "Zg=", "Zh==", "Zm9v\n", "Zm 9", "=", "===="})
    EXPECT_EQ(from_base64(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace rtfx::sign
