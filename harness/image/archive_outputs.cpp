// SPDX-License-Identifier: Apache-2.0
//
// Formats that are archives: nothing but files.
#include <algorithm>

#include "harness/image/output_writers.hpp"
#include "harness/image/tar.hpp"

namespace rtfx::image {

namespace {

void write_tree(OutputJob& job, const std::string& suffix, const TarOptions& options) {
  BufferedFile file(job.outputs.create(suffix), "the tar");
  write_tar(
      job.layout.root, job.spool, [&](std::string_view bytes) { file.write(bytes); }, job.stop,
      options);
  file.flush();
}

/// All but the first `skipped` bytes.
disk::Contents without_front(const disk::Contents& contents, std::uint64_t skipped) {
  return {contents.size - skipped, [contents, skipped](const disk::Sink& sink) {
            std::uint64_t left = skipped;
            contents.copy_to([&](std::string_view bytes) {
              const auto drop =
                  static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size()));
              left -= drop;
              if (drop < bytes.size()) sink(bytes.substr(drop));
            });
          }};
}

}  // namespace

void write_kernel_initrd(OutputJob& job) {
  job.write_kernel_and_cmdline();
  job.write_initrd_output();
}

void write_tar_kernel_initrd(OutputJob& job) {
  std::vector<TarFile> files;
  const disk::Contents initrd = job.initrd();
  if (job.layout.kernel) files.push_back({"kernel", job.kernel()});
  // Microcode has a file of its own here.
  files.push_back(
      {"initrd.img", without_front(initrd, job.layout.ucode ? job.layout.ucode->size : 0)});
  if (!job.layout.cmdline.empty())
    files.push_back({"cmdline", disk::Contents::of_text(job.layout.cmdline)});
  if (job.layout.ucode) files.push_back({"ucode.cpio", from_spool(job.spool, *job.layout.ucode)});
  BufferedFile file(job.outputs.create("-initrd.tar"), "the tar");
  write_plain_tar(files, [&](std::string_view bytes) { file.write(bytes); });
  file.flush();
}

void write_tar_output(OutputJob& job) { write_tree(job, ".tar", {}); }

void write_docker(OutputJob& job) {
  // What linuxkit writes, to the byte: scripts look for it.
  const std::string dockerfile = "\nFROM scratch\n\nCOPY . ./\n\nENTRYPOINT [\"/bin/rc.init\"]\n";
  write_tree(job, ".docker", {.more = {{"Dockerfile", disk::Contents::of_text(dockerfile)}}});
}

}  // namespace rtfx::image
