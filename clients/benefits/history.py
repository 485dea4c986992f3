"""A believable past for a demonstration. All persons and places are fictional."""

from __future__ import annotations

from clients.office import FICTIONAL_PEOPLE, History, PastCase, PastMove, PastNotice

CASES = (
    PastCase(
        resident="taro",
        procedure="relief-grant",
        days_ago=388,
        channel="post",
        answers={"household": "2", "bank": "みほん銀行 北町支店", "account": "0004321", "holder": "レイジ タロウ"},
        moves=(
            PastMove(days_ago=380, phase="in_review"),
            PastMove(
                days_ago=371,
                phase="decided",
                outcome="approved",
                reason={"ja": "1世帯3万円の支給を決定しました。", "en": "30,000 yen were granted."},
            ),
            PastMove(days_ago=360, phase="completed"),
        ),
    ),
    PastCase(
        resident="taro",
        procedure="relief-grant",
        days_ago=12,
        channel="counter",
        answers={"household": "2", "bank": "みほん銀行 北町支店", "account": "0004321", "holder": "レイジ タロウ"},
        moves=(
            PastMove(days_ago=8, phase="in_review"),
            PastMove(
                days_ago=1,
                phase="action_required",
                act_in=14,
                reason={
                    "ja": "口座番号と口座名義が一致しません。通帳で確かめて、正しい番号をお知らせください。",
                    "en": "Account number and holder do not match. Please tell us the right number.",
                },
            ),
        ),
    ),
    PastCase(
        resident="midori",
        procedure="relief-grant",
        days_ago=15,
        answers={"household": "2", "bank": "みほん銀行 港支店", "account": "0005678", "holder": "カリナ ミドリ"},
        moves=(
            PastMove(days_ago=14, phase="received"),
            PastMove(days_ago=10, phase="in_review"),
            PastMove(
                days_ago=4,
                phase="on_hold",
                reason={
                    "ja": "転入前の市町村に課税状況を照会しています。",
                    "en": "We are asking your former municipality about your tax status.",
                },
            ),
        ),
    ),
    PastCase(
        resident="hanako",
        procedure="relief-grant",
        days_ago=25,
        answers={"household": "3", "bank": "みほん銀行 中央支店", "account": "0001234", "holder": "ミホン ハナコ"},
        moves=(
            PastMove(days_ago=24, phase="received"),
            PastMove(days_ago=20, phase="in_review"),
            PastMove(
                days_ago=5,
                phase="decided",
                outcome="rejected",
                reason={
                    "ja": "世帯に住民税が課税されている方がいるため、支給の対象になりません。",
                    "en": "Somebody in the household pays resident tax, so the household is not eligible.",
                },
            ),
        ),
    ),
)

NOTICES = (
    PastNotice(
        resident="taro",
        number="FKN-0001",
        days_ago=30,
        kind="request",
        act_in=40,
        title={"ja": "給付金の申請期限のお知らせ", "en": "Benefit: last day to apply"},
        body={
            "ja": "対象と思われる世帯にお知らせしています。申請がお済みの方は手続き不要です。",
            "en": "Sent to households that may be eligible. If you have applied, there is nothing to do.",
        },
    ),
    PastNotice(
        resident="midori",
        number="FKN-0002",
        days_ago=9,
        title={"ja": "生活の困りごと相談会", "en": "Advice on daily life"},
        body={
            "ja": "家計や住まいの相談を、予約なし・無料でお受けします。毎週水曜日、市役所1階。",
            "en": "Free advice on money and housing, no booking, Wednesdays on the 1st floor of city hall.",
        },
    ),
)

HISTORY = History(people=FICTIONAL_PEOPLE, cases=CASES, notices=NOTICES)
