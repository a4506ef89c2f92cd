// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/fragment.hpp"

#include <gmock/gmock.h>

#include "base/files.hpp"

namespace rtfx::kernel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Fragment : public testing::Test {
 protected:
  std::vector<Request> read(const std::string& text, const std::string& name = "base.config") {
    write_file_atomically(directory_.path() / name, text);
    return read_fragment(directory_.path() / name, diagnostics_);
  }
  Diagnostics diagnostics_;
  TemporaryDirectory directory_;
};

TEST_F(Fragment, has_a_request_for_each_setting_with_its_line) {
  const auto requests =
      read("# comment\nCONFIG_A=y\n\n# CONFIG_B is not set\nCONFIG_C=\"a b\"\nCONFIG_D=0x10\n");
  ASSERT_EQ(4U, requests.size());
  EXPECT_EQ("A", requests[0].option);
  EXPECT_EQ("y", requests[0].value);
  EXPECT_EQ(2, requests[0].where.line);
  EXPECT_EQ("n", requests[1].value);
  EXPECT_EQ("\"a b\"", requests[2].value);
  EXPECT_EQ("0x10", requests[3].value);
  EXPECT_TRUE(diagnostics_.empty());
}

TEST_F(Fragment, with_something_else_in_a_line_is_refused_with_the_line) {
  read("CONFIG_A=y\nCONFIG_B\nB=y\nCONFIG_=y\nCONFIG_C=\n");
  ASSERT_EQ(4U, diagnostics_.messages().size());
  EXPECT_THAT(diagnostics_.messages()[0],
              HasSubstr("base.config:2: \"CONFIG_B\": expected CONFIG_NAME=VALUE"));
  EXPECT_THAT(diagnostics_.messages()[3], HasSubstr("base.config:5"));
}

TEST_F(Fragment, that_asks_for_two_values_of_one_option_is_refused) {
  read("CONFIG_A=y\nCONFIG_B=m\nCONFIG_A=y\n# CONFIG_B is not set\n");
  ASSERT_EQ(1U, diagnostics_.messages().size());
  EXPECT_THAT(diagnostics_.messages()[0],
              HasSubstr("base.config:4: CONFIG_B is n here and m in line 2; keep one of them"));
}

TEST_F(Fragment, of_a_flavour_wins_over_that_of_the_base) {
  const auto merged = merge({read("CONFIG_PCI=y\nCONFIG_NET=y\n"),
                             read("# CONFIG_PCI is not set\n", "firecracker.config")});
  ASSERT_EQ(2U, merged.size());
  EXPECT_EQ("n", merged[0].value);
  EXPECT_THAT(merged[0].where.str(), HasSubstr("firecracker.config:1"));
}

TEST_F(Fragment, is_met_when_every_request_is_in_the_configuration_as_it_was_asked_for) {
  const auto requests = read("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S=\"\"\n");
  EXPECT_THAT(unmet(requests, parse_config("CONFIG_A=y\nCONFIG_S=\"\"\nCONFIG_Z=m\n")), IsEmpty());
  EXPECT_THAT(unmet(requests, parse_config("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S=\"\"\n")),
              IsEmpty());
}

TEST_F(Fragment, names_what_did_not_survive) {
  const auto requests = read("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=y\n");
  const auto lost = unmet(requests, parse_config("CONFIG_A=m\nCONFIG_B=y\n"));
  EXPECT_THAT(
      lost,
      ElementsAre(
          HasSubstr("base.config:1: CONFIG_A=y was asked for, but the result has m"),
          HasSubstr("base.config:2: CONFIG_B off was asked for, but the result has y"),
          HasSubstr("base.config:3: CONFIG_C=y was asked for, but the result does not have it")));
}

}  // namespace
}  // namespace rtfx::kernel
