"""A believable past for a demonstration. All persons and places are fictional."""

from __future__ import annotations

from clients.office import FICTIONAL_PEOPLE, History, PastCase, PastMove, PastNotice

CASES = (
    PastCase(
        resident="hanako",
        procedure="child-allowance",
        days_ago=402,
        answers={
            "child_name": "見本 そら",
            "child_birthdate": "2025-09-20",
            "reason": "birth",
            "bank": "みほん銀行 中央支店",
            "account": "0001234",
        },
        moves=(
            PastMove(days_ago=400, phase="received"),
            PastMove(days_ago=393, phase="in_review"),
            PastMove(
                days_ago=381,
                phase="decided",
                outcome="approved",
                reason={"ja": "請求のとおり認定しました。", "en": "Granted as claimed."},
            ),
            PastMove(days_ago=362, phase="completed"),
        ),
    ),
    PastCase(
        resident="hanako",
        procedure="daycare",
        days_ago=18,
        answers={
            "child_name": "見本 そら",
            "child_birthdate": "2025-09-20",
            "first_choice": "chuo",
            "second_choice": "midori",
            "start": "2027-04-01",
            "reason": "work",
        },
        moves=(
            PastMove(days_ago=17, phase="received"),
            PastMove(days_ago=9, phase="in_review"),
            PastMove(
                days_ago=2,
                phase="action_required",
                act_in=9,
                reason={
                    "ja": "就労証明書に担当者名がありません。勤務先に確認してお知らせください。",
                    "en": "The certificate of employment names no contact. Please tell us whom to ask.",
                },
            ),
        ),
    ),
    PastCase(
        resident="midori",
        procedure="daycare",
        days_ago=40,
        answers={
            "child_name": "仮名 うみ",
            "child_birthdate": "2024-05-05",
            "first_choice": "minato",
            "start": "2027-01-04",
            "reason": "seeking",
        },
        moves=(
            PastMove(days_ago=39, phase="received"),
            PastMove(days_ago=30, phase="in_review"),
            PastMove(
                days_ago=3,
                phase="decided",
                outcome="approved",
                reason={
                    "ja": "みなと保育園の利用が内定しました。入所説明会の案内をお待ちください。",
                    "en": "A place at Minato Nursery is offered. An invitation to the open day follows.",
                },
            ),
        ),
    ),
    PastCase(
        resident="midori",
        procedure="child-allowance",
        days_ago=6,
        answers={
            "child_name": "仮名 うみ",
            "child_birthdate": "2024-05-05",
            "reason": "move",
            "bank": "みほん銀行 港支店",
            "account": "0005678",
        },
        moves=(PastMove(days_ago=5, phase="received"), PastMove(days_ago=1, phase="in_review")),
    ),
)

NOTICES = (
    PastNotice(
        resident="hanako",
        number="KDN-0001",
        days_ago=4,
        kind="information",
        title={"ja": "インフルエンザ予防接種の費用を助成します", "en": "Help with the cost of flu vaccination"},
        body={
            "ja": "1歳から中学3年生までのお子さんが対象です。市内の協力医療機関でそのまま受けられます。",
            "en": "For children from one year to the end of junior high school, at clinics in the city.",
        },
    ),
    PastNotice(
        resident="midori",
        number="KDN-0002",
        days_ago=2,
        kind="invitation",
        importance="high",
        act_in=12,
        requires_ack=True,
        title={"ja": "みなと保育園 入所説明会のご案内", "en": "Minato Nursery: open day for new families"},
        body={
            "ja": "持ち物と一日の流れをご説明します。出席できないときは子育て支援課へお電話ください。",
            "en": "We explain what to bring and how a day goes. If you cannot come, please call us.",
        },
    ),
    PastNotice(
        resident="taro",
        number="KDN-0003",
        days_ago=20,
        importance="low",
        title={
            "ja": "ファミリー・サポート 提供会員を募集しています",
            "en": "Family Support: helpers wanted",
        },
        body={
            "ja": "保育園への送り迎えなどを手伝ってくださる方を募集しています。講習は無料です。",
            "en": "We look for people who take children to nursery and back. Training is free.",
        },
    ),
)

HISTORY = History(people=FICTIONAL_PEOPLE, cases=CASES, notices=NOTICES)
