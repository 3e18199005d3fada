// Tables for people: one row per line, columns aligned.
#pragma once

#include <string>
#include <vector>

namespace coffees::cli {

/// Collects rows and prints them to standard output, each column as wide as its widest cell. Cells are plain
/// text.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace coffees::cli
