@database_management
Feature: A request repeated with its idempotency key takes effect once
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Win customers who automate their work over unreliable networks
  Value impact:     A program that got no response sends its request again, and nothing is booked or run twice
  Strategic impact: Integrations of partners meet the standard that they know from payment providers

  @DBP-11 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.idempotency_keys @needs.own_database @needs.own_records
  Rule: A repeated request takes effect once and returns the first response

    @gate
    @needs.allowances @needs.conversations @needs.messages @needs.message_moves
    Scenario Outline: Every kind of request takes effect once
      Given Acme is <a plan> customer with <data>
      When Acme requests the <change> twice with one key
      Then both responses are the same
      And Acme's <change> took effect exactly once

      Examples:
        | a plan        | data              | change           |
        | a Mid         | an allowance      | expense          |
        | an Enterprise | an allowance      | budget           |
        | a Free        | a conversation    | conversation     |
        | an Early      | two conversations | message          |
        | a Mid         | two conversations | move of messages |
        | an Early      | stored usage      | run              |
        | a Free        | a conversation    | usage record     |

    @gate
    @needs.operator @needs.notices @needs.live_events
    Scenario: An operator's notice is sent once
      Given Acme watches events
      When the operator requests the notice twice with one key
      Then both responses are the same
      And the operator's notice took effect exactly once

    @gate
    @needs.allowances @needs.own_services
    Scenario Outline: A request takes effect once, however it is repeated
      Given Acme is an Enterprise customer with an allowance
      When Acme requests the expense twice with one key <again>
      Then both responses are the same
      And Acme's expense took effect exactly once

      Examples:
        | again              |
        | at the same time   |
        | almost a day apart |

      @exclusive
      Examples:
        | again                      |
        | on two backends            |
        | before and after a restart |

    @gate
    @needs.allowances
    Scenario Outline: Unrelated requests each take effect
      Given Acme is a Mid customer with an allowance
      When Acme requests the expense twice <how>
      Then Acme's request succeeds
      And Acme's expense <took effect>

      Examples:
        | how                                  | took effect               |
        | with a key each                      | took effect exactly twice |
        | with one key more than a day apart   | took effect exactly twice |
        | with one key, the first time in vain | took effect exactly once  |

    @gate
    @needs.allowances @needs.conversations @needs.messages @needs.message_moves
    Scenario Outline: A key cannot be used for different content
      Given Acme is a Free customer with <data>
      When Acme requests the <change> twice with one key and different content
      Then Acme's request is refused because the key belongs to another request
      And Acme's <change> took effect exactly once

      Examples:
        | data              | change           |
        | an allowance      | expense          |
        | two conversations | move of messages |

    @smoke
    @needs.conversations @needs.colleagues
    Scenario: Customers do not share their keys
      Given Acme is a Mid customer
      And Borealis is an Early customer
      When Acme, Ben of Acme and Borealis request a conversation each with one key
      Then Acme, Ben of Acme and Borealis have a conversation each

    @gate
    @needs.allowances
    Scenario Outline: A temporary fault goes unnoticed with a key, too
      Given Acme is a Mid customer with an allowance
      When <a fault> interrupts Acme's expense with a key once
      Then Acme's request succeeds
      And Acme's expense took effect exactly once

      Examples:
        | a fault                 |
        | a serialization failure |
        | a lost connection       |

    @gate @exclusive
    @needs.allowances @needs.own_services
    Scenario Outline: With a key, the outcome of an interrupted commit is found out
      Given Acme is an Enterprise customer with an allowance
      When the connection is lost <moment> the commit of Acme's expense with a key
      Then Acme's request succeeds
      And Acme's expense took effect exactly once

      Examples:
        | moment      |
        | before      |
        | right after |
