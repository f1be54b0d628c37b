"""Every setting, its default and its meaning. Read from environment variables with the prefix `KBSYNC_`."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ORIGIN = re.compile(r"\*|https?://[^\s/?#@,]+")


class Settings(BaseSettings):
    """The settings of every process of the service; each field is the variable `KBSYNC_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix="KBSYNC_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # a value that cannot be read may be a password
    )

    # Servers
    mongodb_url: str = Field("mongodb://127.0.0.1:27017/?replicaSet=rs0", description="MongoDB, a replica set.")
    mongodb_database: str = Field("kbsync", description="Name of the database.")
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Redis: broker, result backend and locks.")
    service_timeout_seconds: float = Field(
        2.0, description="How long a request waits for a backing service before it answers 1001."
    )

    # Storage
    data_dir: Path = Field(Path(".data"), description="Where local storage lies.")
    object_store: Literal["local", "s3"] = Field("local", description="Where originals and artifacts are kept.")
    object_store_path: Path | None = Field(None, description="Directory of the local object store [DATA_DIR/objects].")
    vector_store: Literal["lancedb"] = Field("lancedb", description="Where chunks and vectors are kept.")
    vector_store_uri: str | None = Field(None, description="LanceDB directory or s3:// URI [DATA_DIR/vectors].")

    # S3, for the object store `s3` and a vector store at s3://
    s3_endpoint: str | None = Field(None, description="URL of the server [Amazon's].")
    s3_region: str | None = Field(None, description="Region [that of the environment or the profile].")
    s3_bucket: str | None = Field(None, description="Bucket of all files whose knowledge base names none.")
    s3_prefix: str = Field("", description="Begins the keys of those files; empty, or ends with `/`.")
    s3_path_style: bool = Field(False, description="Name the bucket in the path of a URL, not in its host.")
    s3_sse: Literal["AES256", "aws:kms"] | None = Field(None, description="Encryption that is asked for [bucket's].")
    s3_kms_key: str | None = Field(None, description="Id of the KMS key for `aws:kms` [the bucket's].")
    s3_import_buckets: str = Field(
        "*", description="Buckets that knowledge bases may name, divided by commas; `*` is all that can be reached."
    )
    import_seconds: float = Field(
        25.0, gt=0, description="After this long an import answers what is done, and where the next call goes on."
    )

    # API
    api_host: str = Field("127.0.0.1", description="Address on which the API listens.")
    api_port: int = Field(8000, description="Port of the API.")
    api_processes: int = Field(1, ge=1, description="API processes.")
    max_upload_bytes: int = Field(200 << 20, ge=1, description="Largest document that is taken.")
    max_body_bytes: int = Field(16 << 20, ge=1, description="Largest JSON body that is read.")

    # Access
    api_keys_required: bool = Field(False, description="Ask for an API key at every route but /livez and /docs.")
    allow_open_access: bool = Field(
        False,
        description="Start on an address that others reach although no API key (or no password of Flower) is asked.",
    )
    rate_limit_per_minute: int = Field(
        0, ge=0, description="Requests a minute of one key, or of one address where keys are not asked; 0: no limit."
    )
    cors_origins: str = Field(
        "", description="Origins whose pages may call the API, with commas between them; * for every one."
    )
    hsts_seconds: int = Field(
        0, ge=0, description="Tell browsers for so long to use https only; for a service behind TLS."
    )
    flower_basic_auth: SecretStr | None = Field(None, description="Name and password of Flower, as name:password.")
    flower_control: bool = Field(False, description="Let Flower stop workers and revoke tasks; else it only shows.")

    # Conversion
    pdf_engine: Literal["pdfium", "pdfplumber"] = Field("pdfium", description="Converter for PDF.")
    conversion_timeout_seconds: float = Field(300.0, gt=0, description="Time limit of one conversion.")
    conversion_memory_bytes: int = Field(1 << 30, ge=128 << 20, description="Memory limit of one conversion.")
    conversion_max_pages: int = Field(5000, ge=1, description="Most pages of a document.")

    # OCR
    ocr: Literal["auto", "off", "force"] = Field(
        "auto", description="Read pages by OCR: those without readable text (auto), none (off), all (force)."
    )
    ocr_engine: Literal["rapid", "ink"] = Field("rapid", description="What reads them; `ink` is a fake for tests.")
    ocr_threads: int = Field(2, ge=1, le=64, description="Threads of one OCR process; each cpu worker process has one.")
    ocr_page_timeout_seconds: float = Field(120.0, gt=0, description="Time limit of OCR on one page or picture.")
    ocr_timeout_seconds: float = Field(
        300.0, gt=0, description="After this long in OCR a document gives its place to others, and goes on later."
    )
    ocr_memory_bytes: int = Field(2 << 30, ge=256 << 20, description="Memory limit of the OCR process.")
    ocr_idle_seconds: float = Field(60.0, gt=0, description="An OCR process without work ends after this long.")
    image_batch_pictures: int = Field(
        16, ge=1, le=1024, description="Pictures read in one task; a document with no more needs no task of their own."
    )

    image_descriptions: Literal["off", "bedrock"] = Field(
        "off", description="Have a vision model say what each picture shows; its words are found beside those of OCR."
    )
    image_description_model: str = Field(
        "amazon.nova-lite-v1:0", description="Vision model of Bedrock: model, inference profile or ARN."
    )

    # Chunks and embeddings
    chunk_max_tokens: int = Field(256, ge=32, le=8192, description="Largest chunk, in tiktoken tokens.")
    chunk_overlap_tokens: int = Field(32, ge=0, le=1024, description="What neighbouring chunks share.")
    embedding_provider: str = Field("local", description="Embedder of new knowledge bases.")
    embedding_model: str = Field("all-MiniLM-L6-v2", description="Model of new knowledge bases.")
    embedding_precision: Literal["auto", "bf16", "fp32"] = Field(
        "auto", description="Arithmetic of the local model: bf16 where the processor has it."
    )
    embedding_threads: int = Field(0, ge=0, description="Threads of the local model; 0 means every core.")
    embedding_batch_chunks: int = Field(128, ge=1, le=2048, description="Chunks in one embed task.")

    # Embedding services
    bedrock_region: str | None = Field(None, description="AWS region of Bedrock [as boto3 finds it: AWS_REGION, ...].")
    bedrock_endpoint_url: str | None = Field(None, description="Another endpoint of the Bedrock runtime API.")
    bedrock_model_ids: str = Field(
        "",
        description="What is called in place of a model: `model=inference profile or ARN`, separated by commas.",
    )
    openai_base_url: str = Field(
        "https://api.openai.com/v1", description="OpenAI-compatible endpoint, up to and without `/embeddings`."
    )
    openai_api_key: SecretStr | None = Field(None, description="Its key; none where the endpoint wants none.")
    openai_models: str = Field(
        "",
        description="Further models of it, separated by commas: `name=dimensions` or `name=dimensions/tokens read`.",
    )
    openai_texts_per_call: int = Field(64, ge=1, le=2048, description="Texts in one call of it.")
    embedding_requests_per_minute: float = Field(
        0.0, ge=0, description="Calls of one model that all processes may make; 0 learns it from throttling."
    )
    embedding_tokens_per_minute: float = Field(
        0.0, ge=0, description="Tokens that all processes may send to one model, by estimate; 0 means no limit."
    )
    embedding_concurrency: int = Field(
        8, ge=1, le=64, description="Most calls that one embed process has in flight; it uses fewer under overload."
    )
    embed_processes: int = Field(
        0, ge=0, le=256, description="Embed processes of the embedded stack; 0: 1 for the local model, 8 for a service."
    )
    embedding_timeout_seconds: float = Field(60.0, gt=0, le=300, description="How long an embedding call may take.")
    embedding_throttle_wait_seconds: float = Field(
        60.0, gt=0, le=300, description="A worker waits so long for a throttled service, then parks the document."
    )
    embedding_throttle_timeout_seconds: float = Field(
        1800.0, gt=0, description="A document that gained nothing from a throttled service for so long fails."
    )

    # Search
    reranker: Literal["off", "proximity"] = Field(
        "off", description="What puts the first results of a hybrid search in order once more."
    )
    rerank_timeout_seconds: float = Field(
        1.0, gt=0, description="How long a search waits for the reranker before it answers without."
    )

    # Sync
    lease_seconds: float = Field(30.0, gt=0, description="How long a stage owns its document without a heartbeat.")
    queue_wait_seconds: float = Field(
        30.0, gt=0, description="After this long without a worker a document's message is sent once more."
    )
    max_attempts: int = Field(4, ge=1, description="Crashes while working on a document before it fails.")
    reconcile_seconds: float = Field(15.0, gt=0, description="How often lost work is looked for.")
    kb_lock_seconds: float = Field(60.0, gt=0, description="Life of the Redis lock between two renewals.")
    dispatch_window: int = Field(64, ge=1, description="Documents of one sync in the queues at a time.")
    bundle_documents: int = Field(
        16, ge=1, le=128, description="Small documents of a large sync that travel in one message; 1 means none do."
    )
    bundle_document_bytes: int = Field(128 << 10, ge=0, description="Largest document that travels with others.")
    stage_timeout_seconds: float = Field(840.0, gt=0, lt=900, description="Hard time limit of one stage.")
    worker_niceness: int = Field(
        5, ge=0, le=19, description="By how much conversion and embedding give way to the API on the same host."
    )
    worker_memory_kib: int = Field(1_500_000, ge=100_000, description="A worker child above this is replaced.")

    # Logs
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe line kept.")

    @field_validator("bedrock_model_ids", "openai_models")
    @classmethod
    def _reads_as_named_values(cls, text: str) -> str:
        named_values(text)
        return text

    @field_validator("openai_models")
    @classmethod
    def _has_dimensions(cls, text: str) -> str:
        for name, numbers in named_values(text).items():
            if not re.fullmatch(r"[1-9]\d{0,4}(/[1-9]\d{0,6})?", numbers):
                raise ValueError(f"{name}={numbers}: expected name=dimensions or name=dimensions/tokens")
        return text

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: str) -> str:
        if wrong := [each for each in _listed(value) if not ORIGIN.fullmatch(each)]:
            raise ValueError(f"not an origin like https://app.example.com: {wrong[0]}")
        return value

    @field_validator("flower_basic_auth")
    @classmethod
    def _check_name_and_password(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        name, _, password = value.get_secret_value().partition(":")
        if not name or not password:
            raise ValueError("not of the form name:password")
        return value

    @property
    def secrets(self) -> list[str]:
        """What must stand in no log."""
        return [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)]

    @property
    def allowed_origins(self) -> list[str]:
        return _listed(self.cors_origins)

    @model_validator(mode="after")
    def _s3_is_whole(self) -> "Settings":
        if self.object_store == "s3" and not self.s3_bucket:
            raise ValueError("KBSYNC_OBJECT_STORE=s3 needs KBSYNC_S3_BUCKET")
        if self.s3_prefix and not self.s3_prefix.endswith("/"):
            raise ValueError("KBSYNC_S3_PREFIX must end with /")
        if self.s3_kms_key is not None and self.s3_sse != "aws:kms":
            raise ValueError("KBSYNC_S3_KMS_KEY needs KBSYNC_S3_SSE=aws:kms")
        return self

    @property
    def objects_path(self) -> Path:
        return self.object_store_path or self.data_dir / "objects"

    @property
    def vectors_uri(self) -> str:
        return self.vector_store_uri or str(self.data_dir / "vectors")

    @property
    def vectors_bucket(self) -> str | None:
        """The bucket of the vector store, or None where it is a directory."""
        scheme, _, rest = self.vectors_uri.partition("://")
        return rest.partition("/")[0] if scheme == "s3" else None

    @property
    def vectors_prefix(self) -> str:
        """Begins every key of the vector store in its bucket."""
        below = self.vectors_uri.partition("://")[2].partition("/")[2].strip("/")
        return f"{below}/" if below else ""


def named_values(text: str) -> dict[str, str]:
    """Read `name=value` pairs that commas separate; raises `ValueError` where that is not what it is."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    for name, _, value in pairs:
        if not name.strip() or not value.strip():
            raise ValueError(f"expected name=value, separated by commas: {text!r}")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _listed(value: str) -> list[str]:
    return [each.strip() for each in value.split(",") if each.strip()]


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    """Read the settings once for this process."""
    return Settings()
