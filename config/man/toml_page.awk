# Writes authkit-mirror.toml(5) from the annotated example: comments become text, a commented key an entry with its
# default, a section a heading. Comments come before the keys they describe, and one may describe several.

BEGIN {
  print ".TH AUTHKIT\\-MIRROR.TOML 5 \"\" \"authkit\\-mirror\" \"Configuration\""
  # Names of keys and files stay in one piece.
  print ".nh\n.ad l"
  print ".SH NAME"
  print "authkit\\-mirror.toml \\- configuration of authkit\\-mirror"
  print ".SH DESCRIPTION"
}

# Text of the example in roff: no line begins with a control character, and hyphens can be copied.
function roff(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  gsub(/'/, "\\(aq", text)
  return text ~ /^\./ ? "\\&" text : text
}

function begin_keys() {
  if (!begun++) print ".SH KEYS"
}

# Ends the entry in hand: its keys, then what is said about them.
function finish(i) {
  for (i = 1; i <= keys; i++) {
    print (i == 1 ? ".TP" : ".TQ")
    print "\\fB" roff(key[i]) "\\fR = " roff(value[i])
  }
  for (i = 1; i <= lines; i++) print line[i]
  keys = lines = was_row = 0
}

/^#( |$)/ {
  if (keys) finish()
  sub(/^# ?/, "")
  # A table in the comments stays one; an empty comment line separates paragraphs.
  is_row = /^  /
  if (is_row || was_row) line[++lines] = ".br"
  was_row = is_row
  sub(/^  /, "")
  if (is_row) gsub(/   +/, "  ")
  line[++lines] = $0 == "" ? ".PP" : roff($0)
  next
}

/^#[a-z]/ {
  begin_keys()
  key[++keys] = section substr($1, 2)
  value[keys] = substr($0, index($0, "=") + 2)
  next
}

/^\[/ {
  if (keys) finish()
  begin_keys()
  name = $0
  gsub(/[][]/, "", name)
  section = name "."
  print ".SS " roff("[" name "]")
  finish()
  next
}

/^$/ { finish() }

END {
  finish()
  print ".SH FILES"
  print ".I /etc/authkit\\-mirror/authkit\\-mirror.toml"
  print ".SH SEE ALSO"
  print ".BR authkit\\-mirror (1)"
}
