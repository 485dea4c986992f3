"""Every word on the simulator's pages, in Japanese and English. A dictionary: this folder is to be lifted out whole."""

from typing import Literal, get_args

Language = Literal["ja", "en"]

_TEXTS: dict[str, tuple[str, str]] = {
    "title": ("テスト用カードリーダー(シミュレーター)", "Test card reader (simulator)"),
    "banner": (
        "本物のカードリーダーではありません。カードも人物も架空です。本物の暗証番号は入力しないでください。",
        "This is not a real card reader. Cards and people are invented. Never enter a real PIN here.",
    ),
    "idle_heading": ("カードを待っています", "Waiting for a card"),
    "idle": (
        "サービスの画面で「マイナンバーカード」を選ぶと、ここに移動します。",
        "Choose “My Number Card” on a service’s page and you will be brought here.",
    ),
    "asks": ("カードを求めているサービス", "Asking for your card"),
    "purpose_signin": ("サインイン", "Sign in"),
    "purpose_claim": ("本人確認（初回の登録）", "Proof of identity (first time)"),
    "uses_signin": (
        "利用者証明用電子証明書だけを使います。氏名や住所は渡りません。",
        "Uses only the user-authentication certificate. Your name and address are not sent.",
    ),
    "uses_claim": (
        "署名用電子証明書も使います。氏名・生年月日・性別・住所がサービスに渡ります。",
        "Also uses the signature certificate: name, date of birth, sex and address are sent to the service.",
    ),
    "warn_sent": (
        "今ご自身がこのブラウザで始めた場合だけ進んでください。人から送られたリンクで開いた場合は「やめて戻る」を押してください。",
        "Go on only if you began this yourself, just now, in this browser. If a link somebody sent you led here, cancel.",
    ),
    "step_card": ("カードを選ぶ", "Choose a card"),
    "group_residents": ("住民のカード", "Residents’ cards"),
    "group_failing": ("わざと失敗するカード", "Cards that are meant to fail"),
    "step_pin": ("暗証番号を入力する", "Enter the PIN"),
    "pin": ("利用者証明用の暗証番号（数字4桁）", "PIN for user authentication (4 digits)"),
    "pin_hint": ("テスト用カードはすべて 1234 です。", "Every test card has 1234."),
    "password": (
        "署名用パスワード（英大文字と数字 6〜16文字）",
        "Signature password (6 to 16 capital letters or digits)",
    ),
    "password_hint": ("テスト用カードはすべて ABC123 です。", "Every test card has ABC123."),
    "submit": ("カードをかざす", "Hold the card to the reader"),
    "cancel": ("やめて戻る", "Cancel and go back"),
    "reset": ("すべてのカードのロックを解除", "Unlock all cards"),
    "reset_done": ("すべてのカードのロックを解除しました。", "All cards are unlocked."),
    "locked": ("ロック中", "Locked"),
    "good": ("有効", "Valid"),
    "revoked": ("失効済み", "Revoked"),
    "expired": ("有効期限切れ", "Expired"),
    "outsider": ("有効・他市の住民", "Valid, lives in another city"),
    "hold": ("一時停止中", "On hold"),
    "selfsigned": ("自己署名の偽造カード", "Forged, self-signed"),
    "wrong-ca": ("署名用の証明書でサインイン", "Signs in with the wrong certificate"),
    "unreadable": ("読み取れないカード", "A card that cannot be read"),
    "unreadable_name": ("傷ついたカード", "Damaged card"),
    "choose": ("カードを選んでください。", "Choose a card."),
    "pin_shape": ("暗証番号は数字4桁で入力してください。", "The PIN has 4 digits."),
    "pin_wrong": (
        "暗証番号が違います。あと{left}回まちがえるとロックされます。",
        "Wrong PIN. {left} tries left before the card locks.",
    ),
    "password_shape": (
        "署名用パスワードは英大文字と数字、6〜16文字で入力してください。",
        "The signature password has 6 to 16 capital letters or digits.",
    ),
    "password_wrong": (
        "署名用パスワードが違います。あと{left}回まちがえるとロックされます。",
        "Wrong signature password. {left} tries left before the card locks.",
    ),
    "result_ok": ("読み取りました", "Card read"),
    "result_ok_text": (
        "サービスに戻ります。自動で進まないときはボタンを押してください。",
        "Taking you back. If nothing happens, press the button.",
    ),
    "result_cancelled": ("やめました", "Cancelled"),
    "result_cancelled_text": ("カードの情報は何も渡していません。", "Nothing from the card was sent."),
    "result_pin_locked": ("カードがロックされました", "The card is locked"),
    "result_pin_locked_text": (
        "暗証番号またはパスワードを続けてまちがえたため、このカードは使えません。本物のカードなら窓口で再設定します。",
        "The PIN or password was wrong too often. A real card would have to be reset at the counter.",
    ),
    "result_card_unreadable": ("カードを読み取れませんでした", "The card could not be read"),
    "result_card_unreadable_text": ("カードの情報は何も渡していません。", "Nothing from the card was sent."),
    "return": ("サービスに戻る", "Back to the service"),
    "bad_request": ("この依頼は受けられません", "This request cannot be served"),
    "bad_request_text": (
        "サービスから届いた依頼の形が正しくありません。サービスの画面からやり直してください。",
        "What the service sent is malformed. Start again from the service’s page.",
    ),
    "bad_field": ("正しくない項目", "Field at fault"),
    "not_found": ("ページがありません", "No such page"),
}


def language_of(value: str | None) -> Language:
    """The language asked for; Japanese unless it is one we have."""
    return "en" if value == "en" else "ja"


def text(key: str, language: Language, **values: object) -> str:
    """The words for `key`; KeyError if there are none, so that a missing text cannot pass unseen."""
    words = _TEXTS[key][get_args(Language).index(language)]
    return words.format(**values) if values else words
