#include "platform/system_folders.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace coffees::platform::system_folders {
namespace {

constexpr int kDeepest = 8;  // files that include files

std::vector<std::string> matching(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t found{};
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  return paths;
}

void read_folders(const std::string& path, int depth, std::vector<std::string>& folders) {
  if (depth > kDeepest) return;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    line = line.substr(0, line.find('#'));
    std::istringstream words(line);
    std::string word;
    if (!(words >> word)) continue;
    if (word == "include") {
      while (words >> word) {
        const std::string pattern =
            word.starts_with('/') ? word : (std::filesystem::path(path).parent_path() / word).string();
        for (const std::string& included : matching(pattern)) read_folders(included, depth + 1, folders);
      }
    } else if (word.starts_with('/')) {
      std::string folder = std::filesystem::path(word).lexically_normal();
      while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
      if (!shows(folder) && std::find(folders.begin(), folders.end(), folder) == folders.end())
        folders.push_back(folder);
    }
  }
}

std::vector<Shown> if_present(std::initializer_list<const char*> paths) {
  std::vector<Shown> shown;
  for (const char* path : paths) shown.push_back({Shown::Kind::if_present, path, path});
  return shown;
}

}  // namespace

std::vector<std::string> configured_libraries(const std::string& file) {
  std::vector<std::string> folders;
  read_folders(file, 0, folders);
  return folders;
}

std::vector<Shown> for_network() {
  return if_present({"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf",
                     "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/ssl/certs",
                     "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted",
                     "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"});
}

std::vector<Shown> for_programs() {
  std::vector<Shown> shown = if_present({"/usr/bin", "/etc/alternatives", "/usr/share/perl",
                                         "/usr/share/perl5", "/etc/perl", "/usr/share/misc"});
  if (std::filesystem::is_symlink("/bin"))
    shown.push_back({Shown::Kind::inside_link, std::filesystem::read_symlink("/bin"), "/bin"});
  else
    shown.push_back({Shown::Kind::if_present, "/bin", "/bin"});
  return shown;
}

}  // namespace coffees::platform::system_folders
