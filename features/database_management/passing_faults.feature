@database_management
Feature: Temporary faults of the database are retried
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Keep short database faults from becoming support cases
  Value impact:     Customers do not notice faults that are over within a second
  Strategic impact: Small faults cost neither reputation nor working time

  @DBP-11 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.own_database @needs.own_records
  Rule: Temporary faults are retried, permanent ones are reported without a retry

    @gate
    @needs.allowances @needs.conversations @needs.colleagues @needs.partner
    Scenario Outline: A temporary fault goes unnoticed
      Given Acme is <a plan> customer with <data>
      When <a fault> interrupts Acme's <change> <times>
      Then Acme's request succeeds
      And Acme's <change> took effect exactly once

      Examples:
        | a plan        | data                             | a fault                 | change              | times      |
        | a Mid         | an allowance                     | a serialization failure | expense             | once       |
        | an Enterprise | an allowance                     | a serialization failure | expense             | five times |
        | a Free        | a conversation                   | a lost connection       | conversation        | twice      |
        | an Early      | stored usage                     | a lost connection       | run                 | once       |
        | a Mid         | a run that waits for the partner | a lost connection       | completion of a run | once       |
        | a Mid         | a conversation                   | a lost connection       | invitation          | once       |

    @gate @exclusive
    @needs.allowances @needs.own_services
    Scenario: A database that refuses connections for a moment goes unnoticed
      Given Acme is a Mid customer with an allowance
      When the database refuses every connection for a moment as Acme's expense is requested
      Then Acme's request succeeds
      And Acme's expense took effect exactly once

    @gate
    @needs.allowances
    Scenario Outline: A fault that persists is reported
      Given Acme is a Mid customer with an allowance
      When <a fault> interrupts Acme's expense every time
      Then Acme's request is refused because <reason>
      And the platform has made <attempts>
      And Acme's expense never took effect

      Examples:
        | a fault                          | reason                        | attempts     |
        | a serialization failure          | the service is unavailable    | six attempts |
        | a violated constraint            | of an internal error          | one attempt  |
        | a full disk                      | the service is unavailable    | one attempt  |
        | a query aborted for its duration | a database limit was exceeded | one attempt  |

    @gate @exclusive
    @needs.allowances @needs.own_services
    Scenario Outline: A commit of unknown outcome is reported as such
      Given Acme is an Enterprise customer with an allowance
      When the connection is lost <moment> the commit of Acme's expense
      Then Acme's request is refused because its outcome is unknown
      And Acme's expense <took effect>

      Examples:
        | moment      | took effect              |
        | before      | never took effect        |
        | right after | took effect exactly once |

    @gate @exclusive
    @needs.conversations @needs.partner @needs.own_services
    Scenario Outline: A run completes once although the commit of its end is interrupted
      Given Acme is an Early customer with a run that waits for the partner
      When the connection is lost <moment> the commit of Acme's completion of a run
      Then Acme's completion of a run took effect exactly once

      Examples:
        | moment      |
        | before      |
        | right after |
