//! What the lexer has to know about each language.

/// How a language is read.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Words(&'static Grammar),
    Markup,
    Diff,
    Markdown,
}

/// A language of words, strings, comments and numbers. Lists are separated by spaces.
pub(super) struct Grammar {
    pub line_comments: &'static [&'static str],
    pub block_comments: &'static [(&'static str, &'static str)],
    /// Tried in order: longer ones first.
    pub quotes: &'static [Quote],
    pub keywords: &'static str,
    pub types: &'static str,
    pub constants: &'static str,
    /// Words count in any case.
    pub any_case: bool,
    /// What else a word may contain.
    pub letters: &'static str,
    /// What may stand in front of a word and colours it: `@` attributes, `#` directives, others variables.
    pub sigils: &'static str,
    /// A word in front of `(` is called.
    pub calls: bool,
    /// Words that begin with a capital are types, those of only capitals constants.
    pub capitals: bool,
    /// What follows a key.
    pub key_sign: Option<char>,
    /// `[…]` at the beginning of a line is a heading.
    pub sections: bool,
}

/// A kind of string.
pub(super) struct Quote {
    pub open: &'static str,
    pub close: &'static str,
    /// A backslash takes the next character along.
    pub escapes: bool,
    /// It may contain line breaks.
    pub lines: bool,
    /// Only around one character; otherwise it begins a lifetime (Rust).
    pub one_char: bool,
}

const fn quote(open: &'static str, close: &'static str, escapes: bool, lines: bool) -> Quote {
    Quote { open, close, escapes, lines, one_char: false }
}

const DOUBLE: Quote = quote("\"", "\"", true, false);
const SINGLE: Quote = quote("'", "'", true, false);
const BACKTICK: Quote = quote("`", "`", true, true);
const C_COMMENTS: &[(&str, &str)] = &[("/*", "*/")];

const PLAIN: Grammar = Grammar {
    line_comments: &[],
    block_comments: &[],
    quotes: &[DOUBLE, SINGLE],
    keywords: "",
    types: "",
    constants: "true false null",
    any_case: false,
    letters: "",
    sigils: "",
    calls: true,
    capitals: false,
    key_sign: None,
    sections: false,
};

const C_LIKE: Grammar =
    Grammar { line_comments: &["//"], block_comments: C_COMMENTS, capitals: true, sigils: "@", ..PLAIN };

static SQL: Grammar = Grammar {
    line_comments: &["--"],
    block_comments: C_COMMENTS,
    quotes: &[quote("'", "'", false, true), quote("\"", "\"", false, false)],
    keywords: "select from where and or not in is as on join left right inner outer full cross group by order having limit \
        offset union all distinct insert into values update set delete create table view index drop alter add column primary \
        key foreign references unique check default constraint begin commit rollback transaction with recursive case when then \
        else end exists between like ilike over partition window rows range preceding following current row asc desc nulls \
        first last returning conflict do nothing grant revoke to using filter lateral explain analyze if cast interval extract \
        trigger function procedure language returns declare loop while for each materialized refresh cascade",
    types: "int integer bigint smallint text varchar char boolean bool numeric decimal real double precision float date time \
        timestamp timestamptz uuid json jsonb bytea blob serial bigserial",
    constants: "true false null",
    any_case: true,
    ..PLAIN
};

static PYTHON: Grammar = Grammar {
    line_comments: &["#"],
    quotes: &[quote("\"\"\"", "\"\"\"", true, true), quote("'''", "'''", true, true), DOUBLE, SINGLE],
    keywords: "and as assert async await break class continue def del elif else except finally for from global if import in is \
        lambda match case nonlocal not or pass raise return try while with yield type",
    types: "int float str bool bytes list dict set tuple object complex frozenset bytearray",
    constants: "True False None self cls __name__",
    sigils: "@",
    capitals: true,
    ..PLAIN
};

static RUST: Grammar = Grammar {
    quotes: &[
        quote("r##\"", "\"##", false, true),
        quote("r#\"", "\"#", false, true),
        quote("r\"", "\"", false, true),
        quote("\"", "\"", true, true),
        Quote { one_char: true, ..SINGLE },
    ],
    keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub \
        ref return static struct super trait type union unsafe use where while yield",
    types: "bool char str u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64",
    constants: "true false self Self",
    sigils: "",
    ..C_LIKE
};

static JAVASCRIPT: Grammar = Grammar {
    quotes: &[DOUBLE, SINGLE, BACKTICK],
    keywords: "abstract as async await break case catch class const continue debugger declare default delete do else enum \
        export extends finally for from function get if implements import in infer instanceof interface is keyof let \
        namespace new of private protected public readonly return satisfies set static super switch throw try type typeof var \
        void while with yield",
    types: "any bigint boolean never number object string symbol unknown",
    constants: "true false null undefined NaN Infinity this",
    letters: "$",
    ..C_LIKE
};

static JSON: Grammar =
    Grammar { line_comments: &["//"], block_comments: C_COMMENTS, key_sign: Some(':'), calls: false, ..PLAIN };

static YAML: Grammar = Grammar {
    line_comments: &["#"],
    quotes: &[DOUBLE, quote("'", "'", false, false)],
    constants: "true false null yes no on off True False",
    letters: "-./",
    sigils: "&*!",
    calls: false,
    key_sign: Some(':'),
    ..PLAIN
};

static TOML: Grammar = Grammar {
    line_comments: &["#", ";"],
    quotes: &[
        quote("\"\"\"", "\"\"\"", true, true),
        quote("'''", "'''", false, true),
        DOUBLE,
        quote("'", "'", false, false),
    ],
    letters: "-",
    calls: false,
    key_sign: Some('='),
    sections: true,
    ..PLAIN
};

static BASH: Grammar = Grammar {
    line_comments: &["#"],
    quotes: &[quote("\"", "\"", true, true), quote("'", "'", false, true), quote("`", "`", true, true)],
    keywords: "if then else elif fi for while until do done case esac in function select return exit break continue local \
        export readonly declare unset set shift source alias cd echo printf read test eval exec trap sudo",
    constants: "true false",
    letters: "-",
    sigils: "$",
    calls: true,
    ..PLAIN
};

static CSS: Grammar = Grammar {
    line_comments: &[],
    block_comments: C_COMMENTS,
    letters: "-",
    sigils: "@#",
    constants: "inherit initial unset none auto",
    key_sign: Some(':'),
    ..PLAIN
};

static SCSS: Grammar = Grammar {
    line_comments: &["//"],
    block_comments: C_COMMENTS,
    letters: "-",
    sigils: "@#$",
    constants: "inherit initial unset none auto",
    key_sign: Some(':'),
    ..PLAIN
};

static C: Grammar = Grammar {
    keywords: "alignas alignof asm auto break case catch class concept const consteval constexpr continue co_await co_return \
        co_yield decltype default delete do else enum explicit export extern final for friend goto if inline mutable \
        namespace new noexcept operator override private protected public register requires return sizeof static \
        static_assert static_cast struct switch template throw try typedef typename union using virtual volatile while",
    types: "bool char char8_t char16_t char32_t double float int long short signed size_t ssize_t unsigned void wchar_t \
        int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t string vector",
    constants: "true false NULL nullptr this",
    sigils: "#",
    ..C_LIKE
};

static JAVA: Grammar = Grammar {
    quotes: &[quote("\"\"\"", "\"\"\"", true, true), DOUBLE, SINGLE],
    keywords: "abstract as assert async await base break by case catch class companion const constructor continue data default \
        delegate do else enum event explicit extends extension fileprivate final finally for foreach fun func get goto guard \
        if implements implicit import in init inner instanceof interface internal is lateinit lock let namespace native new \
        object open operator out override package params partial permits private protected protocol public readonly record \
        ref required return sealed set sizeof static strictfp struct super suspend switch synchronized throw throws transient \
        try typealias typeof unowned using val var virtual volatile weak when where while yield",
    types: "bool boolean byte char decimal double dynamic float int long sbyte short string uint ulong ushort void",
    constants: "true false null nil this self",
    ..C_LIKE
};

static GO: Grammar = Grammar {
    quotes: &[DOUBLE, SINGLE, quote("`", "`", false, true)],
    keywords: "break case chan const continue default defer else fallthrough for func go goto if import interface map package \
        range return select struct switch type var",
    types: "any bool byte complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 \
        uint32 uint64 uintptr",
    constants: "true false nil iota",
    sigils: "",
    ..C_LIKE
};

static PHP: Grammar = Grammar {
    line_comments: &["//", "#"],
    keywords: "abstract and array as break case catch class clone const continue declare default do echo else elseif empty enum \
        extends final finally fn for foreach function global if implements include include_once instanceof interface isset \
        list match namespace new or print private protected public readonly require require_once return static switch throw \
        trait try unset use var while yield php",
    types: "bool float int iterable mixed object self string void",
    constants: "true false null",
    sigils: "$",
    any_case: true,
    ..C_LIKE
};

static RUBY: Grammar = Grammar {
    line_comments: &["#"],
    keywords: "alias and begin break case class def defined? do else elsif end ensure for if in module next not or redo require \
        require_relative rescue retry return super then undef unless until when while yield attr_accessor attr_reader puts",
    constants: "true false nil self",
    letters: "?",
    sigils: "@:$",
    capitals: true,
    ..PLAIN
};

static R: Grammar = Grammar {
    line_comments: &["#"],
    keywords: "break else for function if in next repeat return while library",
    constants: "TRUE FALSE NULL NA Inf NaN",
    letters: ".",
    ..PLAIN
};

static LUA: Grammar = Grammar {
    line_comments: &["--"],
    block_comments: &[("--[[", "]]")],
    keywords: "and break do else elseif end for function goto if in local not or repeat return then until while",
    constants: "true false nil self",
    ..PLAIN
};

static DOCKERFILE: Grammar = Grammar {
    line_comments: &["#"],
    keywords: "FROM AS RUN CMD LABEL EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG ONBUILD STOPSIGNAL HEALTHCHECK SHELL",
    letters: "-",
    sigils: "$",
    ..PLAIN
};

static MAKEFILE: Grammar = Grammar {
    line_comments: &["#"],
    keywords: "include ifeq ifneq ifdef ifndef else endif define endef export override",
    letters: "-.",
    sigils: "$",
    key_sign: Some(':'),
    ..PLAIN
};

/// `name` in small letters, one of `app::model::rich::LANGUAGES`.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    let grammar = match name {
        "sql" | "postgresql" | "mysql" | "sqlite" => &SQL,
        "python" | "py" => &PYTHON,
        "rust" | "rs" => &RUST,
        "javascript" | "js" | "jsx" | "mjs" | "typescript" | "ts" | "tsx" => &JAVASCRIPT,
        "json" | "json5" | "jsonc" => &JSON,
        "yaml" | "yml" => &YAML,
        "toml" | "ini" => &TOML,
        "bash" | "sh" | "shell" | "zsh" | "console" => &BASH,
        "css" => &CSS,
        "scss" => &SCSS,
        "c" | "h" | "cpp" | "c++" | "cc" | "hpp" => &C,
        "csharp" | "cs" | "java" | "kotlin" | "kt" | "swift" => &JAVA,
        "go" => &GO,
        "php" => &PHP,
        "ruby" | "rb" => &RUBY,
        "r" => &R,
        "lua" => &LUA,
        "dockerfile" => &DOCKERFILE,
        "makefile" => &MAKEFILE,
        "html" | "xml" | "svg" => return Some(Kind::Markup),
        "diff" | "patch" => return Some(Kind::Diff),
        "markdown" | "md" => return Some(Kind::Markdown),
        _ => return None,
    };
    Some(Kind::Words(grammar))
}
