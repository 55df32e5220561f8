@business_data
Feature: Concurrent writes lose nothing
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Win departments in which many people work on the same budget
  Value impact:     Totals are exact to the cent, however many colleagues book at the same time
  Strategic impact: Shared budgets scale to large organisations without anyone reconciling them by hand

  @DBL-07 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: However many customers write at the same time, nothing is lost

    @gate
    @needs.colleagues @needs.allowances
    @needs.own_database
    Scenario: All expenses that fifty people book concurrently are counted
      Given five organisations of ten people with an allowance each that just suffices
      When everyone books expenses at the same time
      Then each organisation has spent exactly what was booked
      And each person has spent exactly what was booked

    @gate
    @needs.colleagues @needs.allowances
    @needs.own_database
    Scenario: In a large organisation each person's own expenses are counted, too
      Given an organisation of thirty people with an allowance that just suffices
      When everyone books expenses at the same time
      Then each person has spent exactly what was booked

    @gate
    @needs.allowances
    @needs.own_database
    Scenario Outline: Budgets raised concurrently cannot exceed the allowance
      Given Acme is <a plan> customer with two budgets and room to raise one of them
      When Acme raises both budgets at the same time
      Then one request succeeds and the other is refused because the allowance is exceeded
      And Acme's budgets add up to no more than the allowance

      Examples:
        | a plan |
        | a Mid  |
        | a Free |

    @gate
    @needs.allowances
    @needs.own_database
    Scenario: An organisation's first allowance can be set from two devices at once
      Given Acme is a Mid customer
      When Acme sets the first allowance on two devices at the same time
      Then both requests succeed
      And Acme has the allowance

    @smoke
    @needs.conversations @needs.messages @needs.message_moves
    @needs.own_database
    Scenario: Messages moved to two conversations concurrently end up in one
      Given Acme is an Early customer with three conversations
      When Acme moves the first conversation's messages to each of the others at the same time
      Then one request succeeds and the other is refused because the messages have moved
      And every message is in exactly one conversation

    @gate
    @needs.own_database @needs.allowances
    Scenario: A booking that has to wait holds up no other organisation
      Given Acme is a Mid customer with an allowance
      And Borealis is a Free customer with an allowance
      When Borealis books an expense while one of Acme's has to wait
      Then both expenses are booked, Borealis' first

    @gate
    @needs.own_database @needs.allowances @needs.conversations
    Scenario: A customer whose booking waits can still read
      Given Acme is a Mid customer with an allowance
      When Acme lists conversations while one of Acme's expenses waits to be booked
      Then Acme receives the conversations first, and the expense is booked afterwards

    @gate
    @needs.conversations
    Scenario: Conversations that fifty customers create concurrently are all kept
      Given fifty customers
      When every user creates three conversations at the same time
      Then every user finds exactly the conversations that they created
