//! Search: words in subject and body.

use std::sync::Arc;
use std::time::Duration;

use domain::message::{Message, Priority};
use futures_util::FutureExt;

use super::world::{World, at, name};
use crate::{MessageFilter, Readable, Store};

async fn found(world: &World<'_>, filter: &MessageFilter) -> Vec<i64> {
    let found = world.store.search(world.tenant, filter, None, 100).await.expect("a search");
    found.into_iter().map(|stored| stored.seq).collect()
}

fn words(q: &str) -> MessageFilter {
    MessageFilter { q: Some(q.to_owned()), ..MessageFilter::default() }
}

async fn say(world: &World<'_>, subject: &str, body: &str) -> i64 {
    let message = Message { subject: subject.to_owned(), body: body.to_owned(), ..world.message(&["chat"]) };
    world.send(&message).await
}

/// A search reads its own writes.
pub async fn a_search_finds_what_was_just_sent(store: &Store) {
    let world = World::new(store).await;
    for n in 1..=20 {
        let seq = say(&world, "Report", &format!("number{n}")).await;
        assert_eq!(found(&world, &words(&format!("number{n}"))).await, [seq]);
    }
    assert_eq!(found(&world, &words("report")).await, (1..=20).rev().collect::<Vec<_>>());
}

/// Words in any order, a phrase in its own, a beginning with a star; case and accents do not matter.
pub async fn words_phrases_and_beginnings_are_found(store: &Store) {
    let world = World::new(store).await;
    say(&world, "Deploy to staging", "The café build is ready").await;
    say(&world, "Staging is down", "Nothing to deploy; builds are red").await;
    let table: [(&str, &[i64]); 12] = [
        ("deploy", &[2, 1]),
        ("DEPLOY staging", &[2, 1]),
        ("\"deploy to staging\"", &[1]),
        ("\"staging to deploy\"", &[]),
        ("build", &[1]),
        ("build*", &[2, 1]),
        ("cafe", &[1]),
        ("Café", &[1]),
        ("deploy red", &[2]),
        ("deploy absent", &[]),
        ("\"is ready\" staging", &[1]),
        ("builds, are (red)", &[2]),
    ];
    for (q, expected) in table {
        assert_eq!(found(&world, &words(q)).await, expected, "{q}");
    }
}

/// Whether the nth message is wanted.
type Wanted = Box<dyn Fn(i64) -> bool + Send>;

/// A search is narrowed like a listing and goes on before a position.
pub async fn a_search_obeys_every_filter_and_pages(store: &Store) {
    let world = World::new(store).await;
    for n in 0..30_i64 {
        let mut message = world.message(if n % 2 == 0 { &["chat"] } else { &["other"] });
        message.sent_at = at(n * 100);
        message.id = world.id_at(message.sent_at);
        message.thread_id = message.id;
        message.priority = if n % 3 == 0 { Priority::High } else { Priority::Normal };
        message.subject = if n % 5 == 0 { "silence".to_owned() } else { "noise".to_owned() };
        world.send(&message).await;
    }
    let base = words("noise");
    let table: Vec<(MessageFilter, Wanted)> = vec![
        (base.clone(), Box::new(|_| true)),
        (MessageFilter { to: Some(name("chat")), ..base.clone() }, Box::new(|n| n % 2 == 0)),
        (MessageFilter { priority: Some(Priority::High), ..base.clone() }, Box::new(|n| n % 3 == 0)),
        (MessageFilter { since: Some(at(1_000)), ..base.clone() }, Box::new(|n| n >= 10)),
        (MessageFilter { until: Some(at(1_000)), ..base.clone() }, Box::new(|n| n < 10)),
        (MessageFilter { from: Some(name("nobody")), ..base.clone() }, Box::new(|_| false)),
    ];
    let others = [name("other")];
    let only = Readable { tenant: world.tenant, agents: Some(&others) };
    let odd: Wanted = Box::new(|n| n % 2 == 1);
    let table = table.into_iter().map(|(filter, wanted)| (filter, Readable::from(world.tenant), wanted));
    for (filter, readable, wanted) in table.chain([(base, only, odd)]) {
        let expected: Vec<i64> = (0..30).rev().filter(|n| n % 5 != 0 && wanted(*n)).map(|n| n + 1).collect();
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = store.search(readable, &filter, before, 4).await.expect("a search");
            let Some(last) = page.last() else { break };
            before = Some(last.seq);
            found.extend(page.into_iter().map(|stored| stored.seq));
        }
        assert_eq!(found, expected, "{filter:?}");
    }
}

/// Nobody finds what was said in another tenant.
pub async fn a_search_stays_in_its_tenant(store: &Store) {
    let worlds = [World::new(store).await, World::of(store, "other").await, World::of(store, "third").await];
    for (world, n) in worlds.iter().zip(1..) {
        for _ in 0..n {
            say(world, "Secret", "plans").await;
        }
    }
    for (world, n) in worlds.iter().zip(1..) {
        assert_eq!(found(world, &words("secret plans")).await.len(), n);
    }
}

/// A subject, what finds it, and what does not.
type Written = (&'static str, &'static [&'static str], &'static [&'static str]);

const LANGUAGES: [Written; 16] = [
    ("Le café naïf à Noël", &["cafe", "CAFÉ", "naif", "noel", "\"cafe naif\""], &["caf", "noe"]),
    ("Größe der Straße in Łódź", &["größe", "GROSSE", "strasse", "STRASSE", "stra*", "Łódź"], &["gros", "str"]),
    ("Ünïcödé", &["unicode", "ÜNÏCÖDÉ", "u\u{308}ni*"], &["ün"]),
    ("İstanbul'da IŞIK", &["istanbul", "işik", "isik"], &["ista"]),
    ("Отчёт о проверке", &["отчет", "ОТЧЁТ", "проверк*"], &["проверка", "чет"]),
    ("Η αναφορά του ελέγχου ΣΟΦΟΣ", &["αναφορα", "ΑΝΑΦΟΡΆ", "σοφος", "σοφοσ"], &["αναφορ"]),
    ("التقرير النهائي أُرسِل", &["التقرير", "ارسل", "\"التقرير النهائي\""], &["تقرير"]),
    ("הַדּוּחַ הסופי", &["הדוח", "הסופי"], &["דוח"]),
    ("परीक्षण की रिपोर्ट", &["परीक्षण", "रिपोर्ट", "रिपो*"], &["परीक्षा", "रपरट"]),
    ("รายงานการทดสอบ", &["ทดสอบ", "รายงาน", "การทดสอบ"], &["ทดลอง", "สอบทด"]),
    ("部署报告已完成", &["报告", "部署", "完成", "告", "部署报告已完成", "\"报告 \""], &["告报", "部告", "完了"]),
    ("検索のテストです", &["テスト", "検索", "検索のテストです", "ﾃｽﾄ", "す", "の"], &["テト", "スト検", "検です"]),
    ("がっこうでAPIテスト2回", &["API", "がっこう", "APIテスト", "テスト2", "2回"], &["かっこう", "テスト回"]),
    ("검색은 테스트입니다", &["검색", "테스트", "검색은", "은", "\"검색은 테스트\""], &["색검", "검은"]),
    ("ស្វាគមន៍ ពិភពលោក", &["ពិភព", "លោក"], &["លោកភព"]),
    ("release v2.10.3 of foo_bar-baz", &["v2.10.3", "foo_bar", "\"bar baz\"", "3", "10"], &["v2 4", "oo_bar"]),
];

/// Each language finds its own words, and each script its own parts, whatever case, accents and forms they are written in.
pub async fn words_of_every_language_are_found(store: &Store) {
    let world = World::new(store).await;
    for (subject, ..) in LANGUAGES {
        say(&world, subject, "").await;
    }
    for (seq, (subject, finds, finds_not)) in (1..).zip(LANGUAGES) {
        for q in finds {
            assert!(found(&world, &words(q)).await.contains(&seq), "{q} is in {subject}");
        }
        for q in finds_not {
            assert!(!found(&world, &words(q)).await.contains(&seq), "{q} is not in {subject}");
        }
    }
}

/// What stands far behind in a long text is found too, with its neighbours.
pub async fn the_end_of_a_long_text_is_found(store: &Store) {
    let world = World::new(store).await;
    let filler = (0..20_000).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
    say(&world, "Long", &format!("{filler} the last words {}検索", "あいうえお".repeat(5_000))).await;
    for q in ["\"last words\"", "検索", "w19999"] {
        assert_eq!(found(&world, &words(q)).await, [1], "{q}");
    }
    assert!(found(&world, &words("\"words last\"")).await.is_empty());
}

/// Signs alone are no word, and asking for them asks for nothing; beside a word they part words.
pub async fn a_search_without_a_word_is_refused(store: &Store) {
    let world = World::new(store).await;
    say(&world, "lunch", "nothing of it").await;
    for q in ["🚀", "!!!", "\"🚀\"", "*", "- -", "👩‍🚀", "…"] {
        let result = store.search(world.tenant, &words(q), None, 10).await;
        assert_eq!(super::world::refused(result), domain::Code::InvalidField, "{q}");
    }
    assert_eq!(found(&world, &words("🚀 lunch!")).await, [1]);
}

/// However far behind its own end a search begins, the next tenant's 12,000 matches neither hide the one of its own nor show.
pub async fn a_search_from_any_position_finds_its_own_beside_a_large_neighbour(store: &Store) {
    let (world, next) = (World::new(store).await, World::of(store, "next").await);
    let own = say(&world, "Word", "").await;
    let message = || Message { subject: "Word".to_owned(), ..next.message(&["chat"]) };
    let changes = (0..12_000).map(|_| next.change(super::world::NOW, super::world::sending(&message(), None)));
    for outcome in store.commit_all(changes.collect()).await {
        outcome.expect("sent");
    }
    assert_eq!(found(&next, &words("word")).await.len(), 100);
    for (before, expected) in [
        (0, &[][..]),
        (own, &[]),
        (own + 1, &[own]),
        ((1 << 40) + 5, &[own]),
        ((1 << 42) - 1, &[own]),
        (1 << 42, &[own]),
        ((1 << 42) + 1, &[own]),
        (i64::MAX, &[own]),
    ] {
        let found = store.search(world.tenant, &words("word"), Some(before), 100).await.expect("a search");
        assert_eq!(found.iter().map(|stored| stored.seq).collect::<Vec<_>>(), expected, "before {before}");
    }
}

/// A search of very many words is refused, one of many is not.
pub async fn a_search_takes_as_many_words_as_a_person_types(store: &Store) {
    let world = World::new(store).await;
    let seq = say(&world, "Long", &"word ".repeat(100)).await;
    assert_eq!(found(&world, &words(&"word ".repeat(64))).await, [seq]);
    let result = store.search(world.tenant, &words(&"word ".repeat(65)), None, 10).await;
    assert_eq!(super::world::refused(result), domain::Code::TooManyItems);
}

/// Signs, quotes, control characters and very long queries are words like others.
pub async fn nothing_a_person_types_breaks_a_search(store: &Store) {
    let world = World::new(store).await;
    say(&world, "Subject", "body of the matter").await;
    let long = "word ".repeat(5_000);
    for q in [
        "\"",
        "\"\"",
        "*",
        "a*b",
        "(",
        "NEAR(a b)",
        "subject:",
        "-body",
        "^",
        "a\0b",
        "\u{1}",
        "😀",
        "AND",
        "\"a",
        "''",
        "{}",
        &long,
    ] {
        let filter = words(q);
        let result = store.search(world.tenant, &filter, None, 10).await;
        let refused = matches!(&result, Err(crate::Error::Refused(_)));
        assert!(result.is_ok() || refused, "{q:.20}: {result:?}");
    }
    for q in ["body AND matter", "bo\0dy", "matter!"] {
        let hits = found(&world, &words(q)).await;
        assert_eq!(hits.len(), usize::from(q == "matter!"), "{q}");
    }
    assert_eq!(found(&world, &words("  ")).await, [1], "no words ask for everything");
}

/// More searches at once than run at a time find what one alone does.
pub async fn searches_run_beside_each_other_and_find_the_same(store: &Store) {
    let world = World::new(store).await;
    let seq = say(&world, "Report", "one word of many").await;
    let search = async || {
        let found = store.searching(()).search(world.tenant, &words("wor* many"), None, 10).await.expect("a search");
        found.into_iter().map(|stored| stored.seq).collect::<Vec<_>>()
    };
    for found in futures_util::future::join_all((0..20).map(|_| search())).await {
        assert_eq!(found, [seq]);
    }
}

/// Who searches gives up: the turn is free again when the database has let go of the query, and no search finds less for it.
pub async fn a_search_that_is_dropped_lets_go_of_its_turn(store: &Store) {
    let world = World::new(store).await;
    let seq = say(&world, "Report", "one word of many").await;
    let turn = Arc::new(());
    for _ in 0..20 {
        let searching = store.searching(Arc::clone(&turn));
        let filter = words("word");
        let search = searching.search(world.tenant, &filter, None, 10);
        assert!(search.now_or_never().is_none(), "it cannot be over at once");
    }
    let free = async {
        while Arc::strong_count(&turn) > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), free).await.expect("the turns are free again");
    assert_eq!(found(&world, &words("word")).await, [seq]);
}

/// A step indexes some; the next goes on from there.
pub async fn indexing_goes_on_where_it_stopped(store: &Store) {
    let world = World::new(store).await;
    assert!(!store.index_step(world.tenant).await.expect("indexed"));
    assert!(store.unindexed().await.expect("read").is_empty());
    let changes =
        (0..1_100).map(|_| world.change(super::world::NOW, super::world::sending(&world.message(&["chat"]), None)));
    for outcome in store.commit_all(changes.collect()).await {
        outcome.expect("sent");
    }
    assert_eq!(store.unindexed().await.expect("read"), [world.tenant]);
    let mut steps = 1;
    while store.index_step(world.tenant).await.expect("indexed") {
        steps += 1;
    }
    assert!(steps > 1, "more than one step");
    assert!(store.unindexed().await.expect("read").is_empty());
    let filter = words("subject");
    assert_eq!(store.search(world.tenant, &filter, None, 2_000).await.expect("a search").len(), 1_100);
}
