// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "harness/image/compressor.hpp"
#include "harness/image/fixture.hpp"
#include "harness/image/kernel_binary.hpp"
#include "harness/image/kernel_config.hpp"
#include "harness/image/layers.hpp"

namespace rtfx::image {
namespace {

using namespace fixture;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string gzip(const std::string& text) {
  CompressedStream stream(Compression::gzip);
  std::string bytes = stream.begin();
  return bytes + stream.end(text);
}

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

/// A kernel of x86 with one sector of set-up, 100 bytes of code and this payload.
std::string bzimage(const std::string& payload) {
  std::string bytes(1024, 'S');
  bytes[0x1f1] = 1;
  bytes.replace(0x202, 4, "HdrS");
  bytes.replace(0x206, 2, std::string("\x0f\x02", 2));
  bytes.replace(0x248, 4, number(100));
  bytes.replace(0x24c, 4, number(static_cast<std::uint32_t>(payload.size())));
  return bytes + std::string(100, 'C') + payload + std::string(50, 'E');
}

class Kernels : public testing::Test {
 protected:
  std::string decompress(const std::string& kernel) {
    Layout layout;
    layout.kernel = spool.add(kernel);
    AssembleOptions options;
    options.decompress_kernel = true;
    const std::filesystem::path path = directory.path() / "kernel";
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
    try {
      write_kernel(layout, spool, options, file, {});
    } catch (const Error& error) {
      return error.what();
    }
    return read_file(path);
  }
  /// The warnings or the error for a kernel image with these files.
  std::vector<std::string> check(const std::vector<Member>& files,
                                 Compression compression = Compression::zstd,
                                 Format format = Format::kernel_initrd) {
    oci::Store store(directory.path() / "store");
    const oci::Descriptor manifest = add_image(store, "", {make_tar(files)});
    SourceImage image{"org/kernel:1", manifest, {}, nullptr, {}, false};
    image.files = std::make_shared<const Tree>(flatten(store, manifest, spool, {}));
    Layout layout;
    layout.kernel = image.files->find("kernel")->data;
    AssembleOptions options;
    options.compression = compression;
    options.formats = {format};
    try {
      return check_kernel(image, layout, spool, options);
    } catch (const Error& error) {
      EXPECT_EQ(ExitCode::usage, error.code());
      return {error.what()};
    }
  }
  TemporaryDirectory directory;
  Spool spool{directory.path()};
};

TEST_F(Kernels, WhatIsInsideIsWrittenWhenItIsAGzip) {
  const std::string big(3'000'000, 'k');
  EXPECT_EQ("vmlinux", decompress(gzip("vmlinux")));
  EXPECT_TRUE(big == decompress(gzip(big) + "padding"));
  EXPECT_TRUE(big == decompress(bzimage(gzip(big))));
  const std::string payload = gzip("image");
  EXPECT_EQ("image", decompress("MZ" + std::string(2, '\0') + "zimg" + number(64) +
                                number(static_cast<std::uint32_t>(payload.size())) +
                                std::string(48, '\0') + payload));
}

TEST_F(Kernels, OtherPayloadsAreErrors) {
  EXPECT_EQ("--decompress-kernel: the kernel is compressed by xz, not by gzip",
            decompress(bzimage(std::string("\xfd"
                                           "7zXZ\0\0\4",
                                           8))));
  EXPECT_EQ("--decompress-kernel: the kernel is compressed by zstd, not by gzip",
            decompress(bzimage("\x28\xb5\x2f\xfd....")));
  EXPECT_EQ("--decompress-kernel: the kernel's payload is compressed in a way that is not known",
            decompress(bzimage("whatever")));
  EXPECT_EQ("--decompress-kernel: the kernel is not compressed by gzip", decompress("vmlinux"));
  EXPECT_EQ("--decompress-kernel: the kernel is not compressed by gzip", decompress(""));
  EXPECT_EQ("--decompress-kernel: the kernel is not compressed by gzip", decompress("MZ"));
}

TEST_F(Kernels, DamagedOnesAreErrors) {
  const std::string whole = bzimage(gzip(std::string(100'000, 'k')));
  EXPECT_THAT(decompress(whole.substr(0, 1130)),
              HasSubstr("the kernel is damaged: its payload is"));
  const std::string packed = gzip("vmlinux vmlinux vmlinux");
  EXPECT_THAT(decompress(packed.substr(0, packed.size() - 9)), HasSubstr("the gzip is truncated"));
  std::string wrong = packed;
  wrong[wrong.size() - 6] ^= 1;
  EXPECT_THAT(decompress(wrong), HasSubstr("the gzip is damaged: incorrect data check"));
}

TEST_F(Kernels, ConfigurationsSayWhatTheyUnpack) {
  EXPECT_EQ(Unpacks::yes, unpacks("CONFIG_A=y\nCONFIG_RD_ZSTD=y\n", Compression::zstd));
  EXPECT_EQ(Unpacks::no, unpacks("CONFIG_A=y\n# CONFIG_RD_ZSTD is not set\n", Compression::zstd));
  EXPECT_EQ(Unpacks::no, unpacks("CONFIG_A=y\nXCONFIG_RD_GZIP=y\n", Compression::gzip));
  EXPECT_EQ(Unpacks::yes, unpacks("CONFIG_A=y\n", Compression::none));
  EXPECT_EQ(Unpacks::unknown, unpacks("{\"a\": 1}\n", Compression::zstd));
}

TEST_F(Kernels, TheConfigurationBesideTheKernelDecides) {
  const Member kernel = file("kernel", "vmlinuz");
  for (const char* name :
       {"kernel.config", "kernel_config", "config", "boot/config-6.1.0-9-amd64"}) {
    EXPECT_THAT(check({kernel, file(name, "CONFIG_A=y\nCONFIG_RD_ZSTD=y\n")}), IsEmpty());
    EXPECT_THAT(check({kernel, file(name, "CONFIG_A=y\nCONFIG_RD_GZIP=y\n")}),
                ElementsAre(std::string("--compress zstd: the kernel cannot unpack it: its "
                                        "configuration (/") +
                            name +
                            " of org/kernel:1) has no CONFIG_RD_ZSTD=y; use another "
                            "compression"));
  }
  const Member none = file("config", "CONFIG_A=y\n");
  EXPECT_THAT(check({kernel, none}, Compression::gzip), ElementsAre(HasSubstr("CONFIG_RD_GZIP")));
  EXPECT_THAT(check({kernel, none}, Compression::none), IsEmpty());
  EXPECT_THAT(check({kernel, none}, Compression::zstd, Format::tar), IsEmpty())
      << "there is no initrd in it";
  EXPECT_THAT(check({kernel, dir("config")}, Compression::gzip), IsEmpty());
}

TEST_F(Kernels, ElseTheConfigurationInsideOfTheKernel) {
  const auto kernel = [](const std::string& configuration) {
    return std::string(300'000, 'k') + "IKCFG_ST" + gzip(configuration) + "IKCFG_ED" +
           std::string(300'000, 'k');
  };
  const std::string with = kernel("CONFIG_A=y\nCONFIG_RD_ZSTD=y\n"),
                    without = kernel("CONFIG_A=y\n");
  EXPECT_THAT(check({file("kernel", with)}), IsEmpty());
  EXPECT_THAT(check({file("kernel", gzip(with))}), IsEmpty());
  EXPECT_THAT(check({file("kernel", bzimage(gzip(with)))}), IsEmpty());
  EXPECT_THAT(check({file("kernel", bzimage(gzip(without)))}),
              ElementsAre(HasSubstr("inside of the kernel")));
}

TEST_F(Kernels, WhatIsNotKnownIsAWarningForZstdAlone) {
  for (const std::string& kernel : {std::string("vmlinuz"), bzimage("\x28\xb5\x2f\xfd...."),
                                    std::string("IKCFG_ST damaged"), std::string()}) {
    EXPECT_THAT(check({file("kernel", kernel)}), ElementsAre(HasSubstr("is not known")));
    EXPECT_THAT(check({file("kernel", kernel)}, Compression::gzip), IsEmpty());
  }
}

}  // namespace
}  // namespace rtfx::image
