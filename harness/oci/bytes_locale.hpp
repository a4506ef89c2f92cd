// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <locale.h>

namespace rtfx::oci {

/// The "C" locale for this thread as long as it lives. libarchive converts names to the locale's characters, and in
/// UTF-8 locales it normalises them: two files could become one. In the "C" locale it gives up with a warning and keeps
/// the bytes.
class BytesLocale {
 public:
  BytesLocale()
      : locale_(::newlocale(LC_CTYPE_MASK, "C", static_cast<locale_t>(nullptr))),
        before_(::uselocale(locale_)) {}
  BytesLocale(const BytesLocale&) = delete;
  BytesLocale& operator=(const BytesLocale&) = delete;
  ~BytesLocale() {
    ::uselocale(before_);
    ::freelocale(locale_);
  }

 private:
  locale_t locale_, before_;
};

}  // namespace rtfx::oci
