// SPDX-License-Identifier: Apache-2.0
//
// Keys of specifications, and keys that were made for the tests and sign nothing else.
#pragma once

namespace rtfx::sign {

/// RFC 8032, 7.1, test 2.
inline constexpr const char* ed25519_rfc8032 = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7
-----END PRIVATE KEY-----
)";

/// RFC 6979, A.2.5.
inline constexpr const char* p256_rfc6979_public = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7
Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==
-----END PUBLIC KEY-----
)";

/// DSSE, "protocol.md", "Test Vectors".
inline constexpr const char* p256_dsse_public = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ805D3eqNZywjCI19lInBJOp7YMr
CrzAH3CVTAOQ0jgMeCvVTiaRJaRPRDOv8UMs6U4SvKc6pnrIDOoSYI3fdA==
-----END PUBLIC KEY-----
)";

/// Made for these tests.
inline constexpr const char* p256_plain = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdcIOrmAf5tsqIiby
y54GV8Skp7jL4xGl29kpRErks9KhRANCAAQFbHsoJR1+iES2lNhJ/pMONUpGfKJO
dsrTw9kVYt7EAI7gjaF+v44wizRycfdyCFz2yREMLU5j0W4tEpalK5ww
-----END PRIVATE KEY-----
)";

/// With its curve in front, as `openssl ecparam -genkey` writes it.
inline constexpr const char* p256_traditional = R"(-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIGrrehL4WVgWD5keKqMteQNHRTlWtjA8bUh9acUMYd4koAoGCCqGSM49
AwEHoUQDQgAEdArMoAVFnEK/LtmBUUEzv7ibUvkF6FQbTELUmLgK7O/IOiwQcGJ8
Cb+4n+1+Ag+3EiDM+HrQTZjPqlRc5lalqA==
-----END EC PRIVATE KEY-----
)";

/// Passphrase "correct horse".
inline constexpr const char* p256_encrypted = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgLCqkX5XaYogICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGWBSclAKlxR5ARET3VtHycEgZAN
l8/gjNLMlBTxWsVVGMNg2jXmkIhvzP5/k1E+BsUr+WWhwogpTo+RzUUGJZbDx/Mr
4R8Ja4oS7zUFGlso/XGo6lfz7+7THNaKvNXXBkRZ2jSSTy+YiihqS1izoOX7j8fI
FjyON3KvnmbsIEOU4vk/jp8Lgh+zHHdJ+XRsC2Hi7kNoxclBkbdSm3rN+waov4g=
-----END ENCRYPTED PRIVATE KEY-----
)";

inline constexpr const char* p256_encrypted_public = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEBWx7KCUdfohEtpTYSf6TDjVKRnyi
TnbK08PZFWLexACO4I2hfr+OMIs0cnH3cghc9skRDC1OY9FuLRKWpSucMA==
-----END PUBLIC KEY-----
)";

inline constexpr const char* p384_plain = R"(-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAbzkGAru8zn5JHeYf+
cnkuGWwczAWegi97sLpyIFVnFKjlsz1AsnTCaDC+ZCHph7uhZANiAAQMlsePY6ek
eSuRcl773FsDo6f3T4kqnDa2iJ/4p4SGw5L+9CCOPSOwMELNxVTir1leKWQKiHWD
WcbpXE6pzZFPnHiX1B8V7Da2jlk18AGJVNgYlZWcZXLE8gpJ//oetVk=
-----END PRIVATE KEY-----
)";

inline constexpr const char* ed448_plain = R"(-----BEGIN PRIVATE KEY-----
MEcCAQAwBQYDK2VxBDsEOQnIcZ3qreVLyBAzmQi8dycrFzeyHKyUnfZLAY/QQnua
/bruoa4ADSh1SM/niVn7pWAnswLdMQ5LaA==
-----END PRIVATE KEY-----
)";

}  // namespace rtfx::sign
